import type { Page } from 'playwright-core';
import { en, type Words } from '../../console/words/en.ts';

/* What a page says, and whether any of it is still in English. */

type Leaf = string | ((...args: never[]) => string) | readonly string[] | { readonly [name: string]: Leaf };

/** The phrases of a dictionary, lower case; of a sentence with gaps what stands around them. */
function phrasesOf(words: Leaf): string[] {
  if (typeof words === 'string') return [words.toLowerCase()];
  if (typeof words === 'function') return phrasesOf(words(...(['', '', ''] as never[])));
  return Object.values(words).flatMap(phrasesOf);
}

const trimmed = (words: Words) =>
  phrasesOf(words)
    .map((phrase) => phrase.replace(/^[^\p{L}]+|[^\p{L}.?)]+$/gu, ''))
    .filter((phrase) => phrase !== '');

/** Text, labels and titles of what is on the page; what stands in `code` is a word of the API. */
const textsOf = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.body.querySelectorAll(':not(code)')].flatMap((one) => [
    ...[...one.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data),
    one.getAttribute('aria-label') ?? '',
    one.getAttribute('title') ?? '',
  ]).filter((text) => text.trim() !== '')`);

/** @returns the texts of a page that have a phrase of the English dictionary which is not one of these words' too */
export async function englishOn(page: Page, words: Words): Promise<string[]> {
  const own = new Set(trimmed(words));
  const foreign = trimmed(en)
    .filter((phrase) => !own.has(phrase))
    .map((phrase) => phrase.replace(/[.?()]/g, '\\$&'));
  const pattern = new RegExp(`(?<![\\p{L}-])(${foreign.join('|')})(?![\\p{L}-])`, 'iu');
  return (await textsOf(page)).filter((text) => pattern.test(text));
}
