/* XML as the older protocols of AWS answer it: elements without attributes, lists as `member`s. */

export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

const escapeXml = (text: string) => text.replace(/[&<>"\r]/g, (character) => entities[character] ?? '');

/** @returns the element, or nothing for an undefined value */
export function element(name: string, value: XmlValue): string {
  return value === undefined ? '' : `<${name}>${content(value)}</${name}>`;
}

/** @returns what stands between the tags */
export function content(value: XmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return escapeXml(String(value));
  if (isList(value)) return value.map((item) => element('member', item)).join('');
  return Object.entries(value)
    .map(([name, item]) => element(name, item))
    .join('');
}

const isList = (value: object): value is readonly XmlValue[] => Array.isArray(value);
