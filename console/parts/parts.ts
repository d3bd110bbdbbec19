import type { ComponentChildren } from 'preact';
import type { Polled } from '../api.ts';
import { html } from '../html.ts';
import { clock, stateText } from '../text.ts';
import { word } from '../words.ts';

/* Small parts that several views have. */

/** A state as colour and word: never by colour alone. */
export const State = ({ of, children }: { of: string; children?: ComponentChildren }) =>
  html`<span class=${`state ${of}`}>${children ?? stateText(of)}</span>`;

/** What a view says of its data: that it is old, or that there is none. */
export function Freshness({ polled }: { polled: Polled<unknown> }) {
  const { error, at } = polled;
  if (error === undefined) return null;
  const since = at === undefined ? word.noAnswer : `${word.stale} ${clock(at)}`;
  return html`<p class="stale" role="alert">${since}${word.colon}${error.message}</p>`;
}

/** Goes to a view with what a form of filters says: it stands in the address, so that it can be sent on. */
export function goByFilters(view: string, event: Event): void {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const given = [...new FormData(form)].filter(([, value]) => value !== '') as [string, string][];
  location.hash = given.length === 0 ? `#/${view}` : `#/${view}?${new URLSearchParams(given)}`;
}
