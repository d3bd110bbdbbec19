import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

/* What lambdas/domain/ may import stands in .dependency-cruiser.mjs; here is what it may ask of the machine. */

const domain = resolve(import.meta.dirname, '../../lambdas/domain');

it('lambdas/domain/ decides without clock, randomness and environment', () => {
  const sources = readdirSync(domain, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(sources.length).toBeGreaterThan(10);
  const impure = sources.filter((file) =>
    /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.|randomUUID\()/.test(
      readFileSync(join(domain, file), 'utf8'),
    ),
  );
  expect(impure).toEqual([]);
});
