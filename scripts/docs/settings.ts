import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { readSettings, settingsFields } from '../../infra/settings.ts';
import { table } from './table.ts';
import { type ValueSchema, valueText } from './value.ts';

const sources = [
  'settings.ts',
  'api/api-settings.ts',
  'export/export-settings.ts',
  'gateways/gateway-settings.ts',
].map((file) => resolve(import.meta.dirname, '../../infra', file));
const documented = /^ {2}\/\*\*\s*([\s\S]*?)\s*\*\/\n {2}(\w+):/gm;

/** What the comment above each setting in the schema says, by the setting's name. */
function commentsByName(text: string): Map<string, string> {
  const plain = (comment: string) => comment.replace(/(^|\s*\n)\s*\*\s?/g, ' ').trim();
  return new Map([...text.matchAll(documented)].map(([, comment = '', name = '']) => [name, plain(comment)]));
}

const shown = (value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? '–' : `\`${value.join(', ')}\``;
  return value === '' ? '–' : `\`${String(value)}\``;
};

/** @returns docs/settings.md. @throws where a setting has no comment */
export function settingsPage(): string {
  const comments = commentsByName(sources.map((file) => readFileSync(file, 'utf8')).join('\n'));
  const { properties } = z.toJSONSchema(settingsFields, { unrepresentable: 'any' });
  const schemas = properties as Readonly<Record<string, ValueSchema>>;
  const rows = Object.entries(readSettings({})).map(([name, value]) => {
    const comment = comments.get(name);
    if (comment === undefined) throw new Error(`setting ${name} has no comment`);
    return [`\`${name}\``, comment, valueText(name, schemas[name] ?? {}), shown(value)];
  });
  return `# Settings of a deployment
Each has a default, so that \`npx cdk deploy\` works from nothing. Give them as \`-c name=value\`, or in \`context\` of
cdk.json; \`npm start -- --set name=value\` takes the same. A wrong one is refused before anything is built. This page is
made from infra/settings.ts and the settings beside it by \`npm run docs\`.

${table(['setting', 'what it changes', 'values', 'default'], rows)}

What the edge can be told beside these, for those who run it by hand, are the variables of sip-edge/settings.ts, which
\`npm start -- --edge NAME=VALUE\` takes.
`;
}
