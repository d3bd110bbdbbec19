import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pages } from './pages.ts';

/* `npm run docs`: writes the documents that are made from the code. test/docs.test.ts holds them to it. */

for (const [file, page] of Object.entries(pages)) {
  writeFileSync(resolve(import.meta.dirname, '../..', file), page());
  console.log(file);
}
