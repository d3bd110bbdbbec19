import { outcomesPage } from './outcomes.ts';

/** The documents that are made from the code, by their file. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/outcomes.md': outcomesPage,
};
