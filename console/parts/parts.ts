import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Done } from '../../contracts/api/actions.ts';
import { ask, type Polled } from '../api.ts';
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

export interface ActProps {
  label: string;
  /** What it is done to, for the question. */
  subject: string;
  /** What it will do, in a sentence. */
  effect: string;
  method?: string;
  path: string;
  body?: Record<string, unknown>;
  done?: () => void;
}

/** A button that asks why before it does anything, and says what will happen. */
export function Act({ label, subject, effect, method = 'POST', path, body = {}, done }: ActProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState<string>();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const reason = String(new FormData(event.target as HTMLFormElement).get('reason'));
    try {
      const isDelete = method === 'DELETE';
      const target = isDelete ? `${path}?reason=${encodeURIComponent(reason)}` : path;
      const answer = await ask<Done>(target, method, isDelete ? undefined : { ...body, reason });
      setSaid(answer.changed ? word.done : `${word.unchanged}${word.colon}${answer.effect}`);
      done?.();
    } catch (error) {
      setSaid((error as Error).message);
    }
    dialog.current?.close();
  };
  return html`<span class="act">
    <button type="button" onClick=${() => dialog.current?.showModal()}>${label}</button>
    ${said !== undefined && html`<span role="status">${said}</span>`}
    <dialog ref=${dialog} aria-label=${`${label}${word.colon}${subject}`}>
      <form onSubmit=${submit}>
        <h2>${label}</h2>
        <p>${subject}</p>
        <p>${effect}</p>
        <label>${word.reason}<input name="reason" required maxlength="200" autofocus /></label>
        <menu>
          <button type="button" onClick=${() => dialog.current?.close()}>${word.cancel}</button>
          <button type="submit" class="do">${word.doIt}</button>
        </menu>
      </form>
    </dialog>
  </span>`;
}

/** A table that a screen reader can walk and a phone can scroll. */
export const Table = ({
  heads,
  rows,
  label,
}: {
  heads: readonly string[];
  rows: readonly ComponentChildren[];
  label: string;
}) =>
  html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
