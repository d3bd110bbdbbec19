import { type ComponentChildren, createContext } from 'preact';
import { useCallback, useContext, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Done } from '../../contracts/api/actions.ts';
import { ask } from '../api.ts';
import { html } from '../html.ts';
import { told, word } from '../words.ts';

/* What an operator may do: a button for each deed, and one dialog for all of them. */

export interface Deed {
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

const Ask = createContext<(deed: Deed) => void>(() => undefined);

/** A button that asks why before it does anything, and says what will happen. */
export function Act(deed: Deed) {
  const askWhy = useContext(Ask);
  return html`<button type="button" class="act" onClick=${() => askWhy(deed)}>${deed.label}</button>`;
}

/** @returns what came of it, in a sentence */
async function enact({ method = 'POST', path, body = {} }: Deed, reason: string): Promise<string> {
  try {
    const answer =
      method === 'DELETE'
        ? await ask<Done>(`${path}?reason=${encodeURIComponent(reason)}`, method)
        : await ask<Done>(path, method, { ...body, reason });
    if (answer.changed) return word.done;
    return answer.code === undefined
      ? word.unchanged
      : `${word.unchanged}${word.colon}${told(word.answers, answer.code)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Asks why, does what the buttons inside it say, and tells what came of it. The dialog stands outside of what is polled: it
 * stays as it was opened, whatever becomes of the row that its button is in.
 */
export function Acting({ children }: { children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [deed, setDeed] = useState<Deed>();
  const [said, setSaid] = useState('');
  const askWhy = useCallback((one: Deed) => {
    setSaid('');
    setDeed(one);
  }, []);
  useLayoutEffect(() => {
    if (deed !== undefined) dialog.current?.showModal();
  }, [deed]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (deed === undefined) return;
    const reason = String(new FormData(event.target as HTMLFormElement).get('reason'));
    dialog.current?.close();
    setSaid(`${deed.label}, ${deed.subject}${word.colon}${await enact(deed, reason)}`);
    deed.done?.();
  };
  return html`<${Ask.Provider} value=${askWhy}>${children}</${Ask.Provider}>
    <p class="said" role="status">${said}</p>
    ${
      deed &&
      html`<dialog ref=${dialog} aria-label=${`${deed.label}${word.colon}${deed.subject}`} onClose=${() => setDeed(undefined)}>
        <form onSubmit=${submit}>
          <h2>${deed.label}</h2>
          <p>${deed.subject}</p>
          <p>${deed.effect}</p>
          <label>${word.reason}<input name="reason" required maxlength="200" autofocus /></label>
          <menu>
            <button type="button" onClick=${() => dialog.current?.close()}>${word.cancel}</button>
            <button type="submit" class="do">${word.doIt}</button>
          </menu>
        </form>
      </dialog>`
    }`;
}
