import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages } from '../scripts/docs/pages.ts';

describe('a document that is made from the code', () => {
  it.each(Object.keys(pages))('%s is as npm run docs writes it', (file) => {
    const written = readFileSync(resolve(import.meta.dirname, '..', file), 'utf8');
    expect(written).toBe(pages[file]?.());
  });
});
