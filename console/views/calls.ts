import { useEffect, useState } from 'preact/hooks';
import type { CallView } from '../../contracts/api/views.ts';
import { ask, usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Freshness, State, Table } from '../parts/parts.ts';
import { between, callText, clock, duration, gatewayName } from '../text.ts';
import { word } from '../words.ts';

interface Page {
  items: CallView[];
  next?: string;
  searchedUntil?: string;
}

const heads = [word.call, word.room, word.caller, word.state, word.began, word.lasted, word.gateway];

const row = (call: CallView) =>
  html`<tr key=${call.id}>
    <td><a href=${`#/calls/${call.id}`}>${call.callId.slice(0, 16)}</a></td>
    <td>${call.room}</td>
    <td>${call.caller.displayName ?? call.caller.uri}</td>
    <td><${State} of=${call.outcome === undefined ? stateOf(call) : outcomeState(call.outcome)}>${callText(call)}</${State}></td>
    <td>${clock(call.beganAt)}</td>
    <td>${call.answeredAt === undefined ? '' : duration(between(call.answeredAt, call.endedAt))}</td>
    <td>${call.gateway && gatewayName(call.gateway)}</td>
  </tr>`;

/** Of a gateway's colours, the one that a call's state has. */
const stateOf = ({ state }: CallView) =>
  state === 'answered' ? 'busy' : state === 'ended' ? 'draining' : 'locked';
const outcomeState = (outcome: string) =>
  ['answered', 'cancelled'].includes(outcome) ? 'draining' : 'failed';

export function LiveCalls() {
  const polled = usePolled<Page>('/calls/live?limit=200', 2000);
  const calls = polled.data?.items ?? [];
  return html`<${Freshness} polled=${polled} />
    ${
      calls.length === 0
        ? polled.data && html`<p class="empty">${word.noCalls}</p>`
        : html`<${Table} heads=${heads} rows=${calls.map(row)} label=${word.live} />`
    }`;
}

/** Calls that are over. The filters stand in the address, so that it can be sent on. */
export function Calls({ query }: { query: URLSearchParams }) {
  const filter = query.toString();
  return html`<h2>${word.live}</h2>
    <${LiveCalls} />
    <h2>${word.past}</h2>
    <${Filters} query=${query} />
    <${Past} key=${filter} filter=${filter} />`;
}

function Filters({ query }: { query: URLSearchParams }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = [...new FormData(event.target as HTMLFormElement)].filter(([, value]) => value !== '');
    location.hash = `#/calls?${new URLSearchParams(given as [string, string][])}`;
  };
  const field = (name: string, label: string) =>
    html`<label>${label}<input name=${name} defaultValue=${query.get(name) ?? ''} /></label>`;
  return html`<form class="filters" onSubmit=${submit}>
    <label>${word.outcome}<select name="outcome" defaultValue=${query.get('outcome') ?? ''}>
      <option value="">${word.all}</option>
      ${Object.entries(word.outcomes).map(([outcome, text]) => html`<option value=${outcome} selected=${query.get('outcome') === outcome}>${text}</option>`)}
    </select></label>
    ${field('room', word.room)} ${field('caller', word.caller)} ${field('gateway', word.gateway)} ${field('callId', 'Call-ID')}
    <button type="submit">${word.filter}</button>
  </form>`;
}

function Past({ filter }: { filter: string }) {
  const [page, setPage] = useState<Page>({ items: [] });
  const [error, setError] = useState<string>();
  const read = async (cursor?: string) => {
    try {
      const next = cursor === undefined ? '' : `&cursor=${cursor}`;
      const got = await ask<Page>(`/calls?limit=100&${filter}${next}`);
      setPage((last) => ({
        ...got,
        items: cursor === undefined ? got.items : [...last.items, ...got.items],
      }));
    } catch (thrown) {
      setError((thrown as Error).message);
    }
  };
  useEffect(() => void read(), []);
  const { items, next, searchedUntil } = page;
  return html`${error !== undefined && html`<p class="stale" role="alert">${error}</p>`}
    ${items.length === 0 ? html`<p class="empty">${word.none}</p>` : html`<${Table} heads=${heads} rows=${items.map(row)} label=${word.past} />`}
    ${
      next !== undefined &&
      html`<button type="button" onClick=${() => read(next)}>${word.more}${searchedUntil && ` (… ${clock(searchedUntil)})`}</button>`
    }`;
}
