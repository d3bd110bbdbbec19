import { apiPage } from './api.ts';
import { eventsPage } from './events.ts';
import { outcomesPage } from './outcomes.ts';
import { architecturePicture } from './picture.ts';
import { runPicture } from './run.ts';
import { settingsPage } from './settings.ts';

/** The documents that are made from the code, by their file. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/architecture.svg': architecturePicture,
  'docs/api.md': apiPage,
  'docs/events.md': eventsPage,
  'docs/outcomes.md': outcomesPage,
  'docs/run.svg': runPicture,
  'docs/settings.md': settingsPage,
};
