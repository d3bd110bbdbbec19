import { de } from './words/de.ts';
import { en, type Words } from './words/en.ts';
import { fr } from './words/fr.ts';

/* The words of the page, in the first language of the browser that there are words for. */

const languages = { de, en, fr } satisfies Record<string, Words>;
const known = (tag: string): tag is keyof typeof languages => Object.hasOwn(languages, tag);
const languageOf = (tag: string) => tag.split('-')[0]?.toLowerCase() ?? '';

/** With its region, which writes dates in its own way: `de-CH`. */
export const locale = navigator.languages.find((tag) => known(languageOf(tag))) ?? 'en';

const wanted = languageOf(locale);
export const language = known(wanted) ? wanted : 'en';

export const word: Words = languages[language];

/** A word of the API in the language of the page; one that the page does not know stays as it is. */
export const told = (words: Readonly<Record<string, string>>, one: string): string =>
  Object.hasOwn(words, one) ? (words[one] as string) : one;
