import { useState } from 'preact/hooks';
import type { ActionView, OrdersView } from '../../contracts/api/actions.ts';
import type { DecisionView } from '../../contracts/api/pool-views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Act } from '../parts/act.ts';
import { Freshness } from '../parts/parts.ts';
import { type Column, Table } from '../parts/table.ts';
import { clock, decisionText, number } from '../text.ts';
import { told, word } from '../words.ts';
import { Starts } from './starts.ts';

/** What holds of the pool beside its policy, and what was decided. */
export function Pool({ mayAct }: { mayAct: boolean }) {
  const polled = usePolled<OrdersView>('/pool/orders');
  const decisions = usePolled<{ items: DecisionView[] }>('/decisions?limit=50', 5000);
  const { paused, override, reservations = [] } = polled.data ?? {};
  const nothing = polled.data && !paused && !override && reservations.length === 0;
  return html`<${Freshness} polled=${polled} />
    <h2>${word.orders}</h2>
    ${nothing && html`<p>${word.policy}</p>`}
    ${paused && html`<p class="ill"><strong>${word.paused}</strong> ${clock(paused.at)}${word.colon}${paused.reason} (${paused.who})</p>`}
    ${
      override &&
      html`<p>${bounds(override)}, ${word.until} ${clock(override.until)}${word.colon}${override.reason} (${override.who})${' '}
        ${mayAct && html`<${Act} label=${word.end} subject=${word.override} effect=${word.effects.endOverride} method="DELETE" path="/pool/override" done=${polled.again} />`}</p>`
    }
    <ul>${reservations.map(
      (
        one,
      ) => html`<li key=${one.id}>${word.count(number(one.gateways), word.details.gateways)}${word.colon}${clock(one.from)} – ${clock(one.to)}${word.colon}${one.reason} (${one.who})
        ${mayAct && html`<${Act} label=${word.end} subject=${one.id} effect=${word.effects.endReservation} method="DELETE" path=${`/pool/reservations/${one.id}`} done=${polled.again} />`}</li>`,
    )}</ul>
    ${
      mayAct &&
      polled.data &&
      html`<p>${
        paused
          ? html`<${Act} label=${word.resume} subject=${word.pool} effect=${word.effects.resume} path="/pool/resume" done=${polled.again} />`
          : html`<${Act} label=${word.pause} subject=${word.pool} effect=${word.effects.pause} path="/pool/pause" done=${polled.again} />`
      }</p><${Override} done=${polled.again} /><${Reserve} done=${polled.again} />`
    }
    <h2>${word.starts}</h2>
    <${Starts} />
    <h2>${word.decisions}</h2>
    <ol class="decisions">${(decisions.data?.items ?? []).map((one) => html`<li>${clock(one.at)} ${decisionText(one)}</li>`)}</ol>`;
}

const bounds = ({ minFree, maximum }: { minFree?: number | undefined; maximum?: number | undefined }) =>
  [
    [word.minFree, minFree],
    [word.maximum, maximum],
  ]
    .map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : '–'}`)
    .join(', ');

const typed = (event: Event) => (event.target as HTMLInputElement).value;

/** What an input of date and time holds, to the minute, of a moment in UTC. */
const minuteOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 16);
const usualMs = 2 * 3_600_000;

/** Other bounds until a time of UTC, in two hours unless somebody says another. */
function Override({ done }: { done: () => void }) {
  const [minFree, setMinFree] = useState('');
  const [maximum, setMaximum] = useState('');
  const [until, setUntil] = useState(() => minuteOf(Date.now() + usualMs));
  const body = {
    ...(minFree !== '' && { minFree: Number(minFree) }),
    ...(maximum !== '' && { maximum: Number(maximum) }),
    until: `${until}:00Z`,
  };
  return html`<p class="filters">
    <label>${word.minFree}<input type="number" min="0" max="10000" value=${minFree} onInput=${(event: Event) => setMinFree(typed(event))} /></label>
    <label>${word.maximum}<input type="number" min="0" max="10000" value=${maximum} onInput=${(event: Event) => setMaximum(typed(event))} /></label>
    <label>${word.details.until} (UTC)<input type="datetime-local" value=${until} onInput=${(event: Event) => setUntil(typed(event))} /></label>
    <${Act} label=${word.override} subject=${`${bounds(body)}, ${word.details.until} ${until.replace('T', ' ')}`} effect=${word.effects.override} method="PUT" path="/pool/override" body=${body} done=${done} />
  </p>`;
}

/** So many gateways from one time to another; both are of UTC, as all times of the page. */
function Reserve({ done }: { done: () => void }) {
  const [given, setGiven] = useState({ gateways: '', from: '', to: '' });
  const field = (name: keyof typeof given, type: string, label: string) =>
    html`<label>${label}<input type=${type} min="1" max="10000" value=${given[name]} onInput=${(event: Event) => setGiven((last) => ({ ...last, [name]: typed(event) }))} /></label>`;
  const from = given.from === '' ? new Date().toISOString() : `${given.from}:00Z`;
  const body = { gateways: Number(given.gateways), from, to: `${given.to}:00Z` };
  const subject = `${number(body.gateways)}${word.colon}${given.from.replace('T', ' ')} – ${given.to.replace('T', ' ')}`;
  return html`<p class="filters">
    ${field('gateways', 'number', word.gateways)}
    ${field('from', 'datetime-local', `${word.details.from} (UTC)`)} ${field('to', 'datetime-local', `${word.details.to} (UTC)`)}
    <${Act} label=${word.reserve} subject=${subject} effect=${word.effects.reserve} path="/pool/reservations" body=${body} done=${done} />
  </p>`;
}

/** What an action was told beside its reason: a number, a time, or a name. */
function detail([name, value]: [string, string | number]): string {
  const text = typeof value === 'number' ? number(value) : value;
  return `${told(word.details, name)} ${['from', 'to', 'until'].includes(name) ? clock(value) : text}`;
}

const columns: readonly Column<ActionView>[] = [
  { head: word.when, cell: ({ at }) => clock(at), by: ({ at }) => at, isWide: true },
  { head: word.who, cell: ({ who }) => who, by: ({ who }) => who },
  {
    head: word.did,
    cell: ({ action }) => word.actions[action],
    by: ({ action }) => word.actions[action],
  },
  {
    head: word.to,
    cell: ({ subject }) => (subject === 'pool' ? word.pool : subject),
    by: ({ subject }) => subject,
  },
  {
    head: word.why,
    cell: ({ reason, details }) => [reason, ...Object.entries(details).map(detail)].join(', '),
  },
];

/** Who did what, when and why. */
export function Audit() {
  const polled = usePolled<{ items: ActionView[] }>('/audit?limit=100', 5000);
  const items = polled.data?.items ?? [];
  const keyOf = ({ at, action, subject }: ActionView) => `${at} ${action} ${subject}`;
  return html`<${Freshness} polled=${polled} />
    ${items.length === 0 ? polled.data && html`<p class="empty">${word.none}</p>` : html`<${Table} label=${word.audit} columns=${columns} rows=${items} keyOf=${keyOf} />`}`;
}
