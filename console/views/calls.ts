import { useEffect, useState } from 'preact/hooks';
import type { CallView } from '../../contracts/api/views.ts';
import { ask, usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Freshness, goByFilters, State } from '../parts/parts.ts';
import { type Column, Table } from '../parts/table.ts';
import { between, callName, callText, clock, duration, gatewayName } from '../text.ts';
import { word } from '../words.ts';

interface Page {
  items: CallView[];
  next?: string;
  searchedUntil?: string;
}

/** Of a gateway's colours, the one that a call has. */
function colourOf({ state, outcome }: CallView): string {
  if (outcome !== undefined) return ['answered', 'cancelled'].includes(outcome) ? 'draining' : 'failed';
  return state === 'answered' ? 'busy' : state === 'ended' ? 'draining' : 'locked';
}

const callerOf = ({ caller }: CallView) => caller.displayName ?? caller.uri;

/** Milliseconds since its answer. */
const lengthOf = ({ answeredAt, endedAt }: CallView) =>
  answeredAt === undefined ? undefined : between(answeredAt, endedAt);

const keyOf = ({ id }: CallView) => id;

const columns: readonly Column<CallView>[] = [
  {
    head: word.call,
    cell: ({ id, callId }) => html`<a href=${`#/calls/${id}`}>${callName(callId)}</a>`,
    by: ({ callId }) => callId,
  },
  { head: word.room, cell: ({ room }) => room, by: ({ room }) => room },
  { head: word.caller, cell: callerOf, by: callerOf },
  {
    head: word.state,
    cell: (call) => html`<${State} of=${colourOf(call)}>${callText(call)}</${State}>`,
    by: callText,
  },
  { head: word.began, cell: ({ beganAt }) => clock(beganAt), by: ({ beganAt }) => beganAt, isWide: true },
  {
    head: word.lasted,
    cell: (call) => {
      const ms = lengthOf(call);
      return ms !== undefined && duration(ms);
    },
    by: lengthOf,
  },
  {
    head: word.gateway,
    cell: ({ gateway }) => gateway && gatewayName(gateway),
    by: ({ gateway }) => gateway,
  },
];

export function LiveCalls() {
  const polled = usePolled<Page>('/calls/live?limit=200', 2000);
  const calls = polled.data?.items ?? [];
  return html`<${Freshness} polled=${polled} />
    ${
      calls.length === 0
        ? polled.data && html`<p class="empty">${word.noCalls}</p>`
        : html`<${Table} label=${word.live} columns=${columns} rows=${calls} keyOf=${keyOf} />`
    }`;
}

/** Those in progress, and those that are over. */
export function Calls({ query }: { query: URLSearchParams }) {
  const filter = query.toString();
  return html`<h2>${word.live}</h2>
    <${LiveCalls} />
    <h2>${word.past}</h2>
    <${Filters} query=${query} />
    <${Past} key=${filter} filter=${filter} />`;
}

function Filters({ query }: { query: URLSearchParams }) {
  const field = (name: string, label: string) =>
    html`<label>${label}<input name=${name} defaultValue=${query.get(name) ?? ''} /></label>`;
  return html`<form class="filters" onSubmit=${(event: Event) => goByFilters('calls', event)}>
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
    ${items.length === 0 ? html`<p class="empty">${word.none}</p>` : html`<${Table} label=${word.past} columns=${columns} rows=${items} keyOf=${keyOf} />`}
    ${
      next !== undefined &&
      html`<button type="button" onClick=${() => read(next)}>${word.more}${searchedUntil && ` (… ${clock(searchedUntil)})`}</button>`
    }`;
}
