import type { GatewayView } from '../../contracts/api/views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Act } from '../parts/act.ts';
import { Freshness, goByFilters, State } from '../parts/parts.ts';
import { type Column, Table } from '../parts/table.ts';
import { between, callName, duration, gatewayName, number, stateText } from '../text.ts';
import { word } from '../words.ts';

/** As many as one page of the API has; the rest is found by state and name. */
const shown = 200;

const columns: readonly Column<GatewayView>[] = [
  {
    head: word.gateway,
    cell: ({ username }) => html`<span title=${username}>${gatewayName(username)}</span>`,
    by: ({ username }) => username,
  },
  {
    head: word.state,
    cell: ({ state }) => html`<${State} of=${state} />`,
    by: ({ state }) => stateText(state),
  },
  {
    head: word.call,
    cell: ({ call }) => call && html`<a href=${`#/calls/${call.id}`}>${callName(call.callId)}</a>`,
    by: ({ call }) => call?.callId,
  },
  {
    head: word.age,
    cell: ({ registeredAt }) => duration(between(registeredAt)),
    by: ({ registeredAt }) => between(registeredAt),
  },
  { head: word.edge, cell: ({ edgeId }) => edgeId, by: ({ edgeId }) => edgeId },
];

/** What may be done to a gateway as it stands; only our own can be stopped. */
function actsOf({ username, state, taskId }: GatewayView, done: () => void) {
  const path = `/gateways/${encodeURIComponent(username)}`;
  const given = { subject: username, done };
  const hold =
    state === 'held'
      ? { label: word.release, effect: word.effects.release, path: `${path}/release` }
      : { label: word.hold, effect: word.effects.hold, path: `${path}/hold` };
  return html`${(state === 'held' || state === 'free') && html`<${Act} ...${given} ...${hold} />`}
    ${
      taskId !== undefined &&
      html`<${Act} ...${given} label=${word.drain} effect=${word.effects.drain} path=${`${path}/drain`} />
        <${Act} ...${given} label=${word.stop} effect=${word.effects.stop} path=${`${path}/stop`} />`
    }`;
}

/** All gateways at a glance, and each in a row. */
export function Gateways({ query, mayAct }: { query: URLSearchParams; mayAct: boolean }) {
  const polled = usePolled<{ items: GatewayView[]; next?: string }>(`/gateways?limit=${shown}&${query}`);
  const gateways = polled.data?.items ?? [];
  const acts: Column<GatewayView> = {
    head: '',
    cell: (one) => actsOf(one, polled.again),
    isWide: true,
  };
  // What may be done stands where a phone shows it without scrolling.
  const shownColumns = mayAct ? [...columns.slice(0, 2), acts, ...columns.slice(2)] : columns;
  const go = (event: Event) => goByFilters('gateways', event);
  return html`<${Freshness} polled=${polled} />
    <form class="filters" onChange=${go} onSubmit=${go}>
      <label>${word.state}<select name="state">
        <option value="">${word.all}</option>${Object.entries(word.states).map(([one, text]) => html`<option value=${one} selected=${query.get('state') === one}>${text}</option>`)}
      </select></label>
      <label>${word.nameBegins}<input name="username" defaultValue=${query.get('username') ?? ''} /></label>
    </form>
    <div class="cells" aria-hidden="true">${gateways.map((one) => html`<i key=${one.username} class=${`cell ${one.state}`} title=${`${gatewayName(one.username)} ${stateText(one.state)}`}></i>`)}</div>
    ${
      gateways.length === 0
        ? polled.data && html`<p class="empty">${query.size === 0 ? word.noGateways : word.none}</p>`
        : html`<${Table} label=${word.gateways} columns=${shownColumns} rows=${gateways} keyOf=${({ username }: GatewayView) => username} />`
    }
    ${polled.data?.next !== undefined && html`<p>${word.firstOnly(number(shown))}</p>`}`;
}
