import { useState } from 'preact/hooks';
import type { GatewayView } from '../../contracts/api/views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Act, Freshness, State, Table } from '../parts/parts.ts';
import { between, duration, gatewayName, number, stateText } from '../text.ts';
import { word } from '../words.ts';

/** As many as one page of the API has; the rest is found by state. */
const shown = 200;

/** All gateways at a glance, and each in a row. */
export function Gateways({ mayAct }: { mayAct: boolean }) {
  const [state, setState] = useState('');
  const polled = usePolled<{ items: GatewayView[]; next?: string }>(
    `/gateways?limit=${shown}${state && `&state=${state}`}`,
  );
  const gateways = polled.data?.items ?? [];
  const heads = [word.gateway, word.state, word.call, word.since, word.edge, ...(mayAct ? [''] : [])];
  return html`<${Freshness} polled=${polled} />
    <form class="filters"><label>${word.state}<select onChange=${(event: Event) => setState((event.target as HTMLSelectElement).value)}>
      <option value="">${word.all}</option>${Object.entries(word.states).map(([one, text]) => html`<option value=${one}>${text}</option>`)}
    </select></label></form>
    <div class="cells" aria-hidden="true">${gateways.map((one) => html`<i key=${one.username} class=${`cell ${one.state}`} title=${`${gatewayName(one.username)} ${stateText(one.state)}`}></i>`)}</div>
    ${
      gateways.length === 0
        ? polled.data && html`<p class="empty">${word.noGateways}</p>`
        : html`<${Table} heads=${heads} label=${word.gateways} rows=${gateways.map((one) => row(one, mayAct, polled.again))} />`
    }
    ${polled.data?.next !== undefined && html`<p>${word.firstOnly(number(shown))}</p>`}`;
}

const row = (
  { username, state, call, registeredAt, edgeId, taskId }: GatewayView,
  mayAct: boolean,
  again: () => void,
) =>
  html`<tr key=${username}>
    <td title=${username}>${gatewayName(username)}</td>
    <td><${State} of=${state} /></td>
    <td>${call && html`<a href=${`#/calls/${call.id}`}>${call.callId.slice(0, 16)}</a>`}</td>
    <td>${duration(between(registeredAt))}</td>
    <td>${edgeId}</td>
    ${
      mayAct &&
      html`<td>${
        taskId !== undefined &&
        html`<${Act} label=${word.drain} subject=${username} effect=${word.effects.drain} path=${`/gateways/${username}/drain`} done=${again} />
          <${Act} label=${word.stop} subject=${username} effect=${word.effects.stop} path=${`/gateways/${username}/stop`} done=${again} />`
      }</td>`
    }
  </tr>`;
