/** What this project's schemas use of JSON Schema (`z.toJSONSchema`). */
export interface ValueSchema {
  type?: string;
  enum?: readonly (string | number)[];
  const?: string | number;
  minimum?: number;
  maximum?: number;
  format?: string;
  properties?: Record<string, ValueSchema>;
  required?: readonly string[];
  items?: ValueSchema;
  anyOf?: readonly ValueSchema[];
  oneOf?: readonly ValueSchema[];
}

const unitBySuffix: readonly (readonly [RegExp, string])[] = [
  [/Sec$/, 's'],
  [/MiB$/, 'MiB'],
  [/Percent$/, '%'],
  [/Days$/, 'days'],
  [/CpuUnits$/, '1/1024 vCPU'],
  [/^at$|At$|^generation$/, 'epoch ms'],
];

const range = ({ minimum, maximum }: ValueSchema): string => {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (isBounded) return `${minimum ?? 0} to ${maximum}`;
  return 'whole number';
};

/**
 * @param name the value's name, whose ending tells its unit
 * @returns what a value may be, in words: `5 to 600 (s)`, `` `stop` or `reuse` ``, `true or false`, `CIDRs`
 */
export function valueText(name: string, schema: ValueSchema): string {
  const unit = unitBySuffix.find(([suffix]) => suffix.test(name))?.[1];
  const withUnit = (text: string) => (unit === undefined ? text : `${text} (${unit})`);
  if (schema.enum !== undefined) {
    const isNumber = typeof schema.enum[0] === 'number';
    return isNumber ? withUnit(schema.enum.join(', ')) : schema.enum.map((one) => `\`${one}\``).join(', ');
  }
  if (schema.format?.startsWith('cidr')) return 'CIDR';
  switch (schema.type) {
    case 'integer':
      return withUnit(range(schema));
    case 'number':
      return withUnit('number');
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return `list of ${valueText(name, schema.items ?? {})}`;
    case 'object':
      return `{ ${Object.keys(schema.properties ?? {}).join(', ')} }`;
    case 'string':
      return 'text';
    default:
      return valueText(name, schema.anyOf?.[0] ?? schema.oneOf?.[0] ?? { type: 'string' });
  }
}
