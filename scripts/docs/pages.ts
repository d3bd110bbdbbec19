import { eventsPage } from './events.ts';
import { outcomesPage } from './outcomes.ts';
import { settingsPage } from './settings.ts';

/** The documents that are made from the code, by their file. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/events.md': eventsPage,
  'docs/outcomes.md': outcomesPage,
  'docs/settings.md': settingsPage,
};
