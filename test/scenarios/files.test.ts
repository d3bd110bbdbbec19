import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const sipp = resolve(import.meta.dirname, '../sipp');
const tests = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

it.each(['register', 'caller', 'gateway'])('every SIPp scenario under %s is played', (folder) => {
  const names = readdirSync(join(sipp, folder)).map((name) => name.replace(/\.xml$/, ''));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !tests.includes(name))).toEqual([]);
});
