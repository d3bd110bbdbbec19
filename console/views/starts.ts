import type { StartView } from '../../contracts/api/pool-views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Freshness, State } from '../parts/parts.ts';
import { type Column, Table } from '../parts/table.ts';
import { amount, clock, tenths } from '../text.ts';
import { told, word } from '../words.ts';

/** The colour of the state that a gateway has then. */
const colours = {
  requested: 'starting',
  starting: 'starting',
  registered: 'free',
  stopping: 'draining',
  stopped: 'draining',
  failed: 'failed',
} satisfies Record<StartView['state'], string>;

const phase = (name: keyof typeof word.phases): Column<StartView> => {
  const read = (start: StartView) => start[`${name}Sec`];
  return { head: word.phases[name], cell: (start) => amount(read(start), tenths), by: read };
};

const columns: readonly Column<StartView>[] = [
  {
    head: word.asked,
    cell: ({ requestedAt }) => clock(requestedAt),
    by: ({ requestedAt }) => requestedAt,
    isWide: true,
  },
  {
    head: word.task,
    cell: ({ taskId }) => taskId && html`<span title=${taskId}>${taskId.slice(0, 8)}…</span>`,
    by: ({ taskId }) => taskId,
  },
  {
    head: word.state,
    cell: ({ state }) => html`<${State} of=${colours[state]}>${word.startStates[state]}</${State}>`,
    by: ({ state }) => word.startStates[state],
  },
  ...(['queued', 'pulling', 'booting', 'registering', 'total'] as const).map(phase),
  {
    head: word.why,
    cell: ({ why, stopReason }) =>
      html`${told(word.rules, why)}${stopReason && html` <code>${stopReason}</code>`}`,
    isWide: true,
  },
];

/** The starts of gateways, the last one first, with how long each phase took. */
export function Starts() {
  const polled = usePolled<{ items: StartView[] }>('/starts?limit=20', 5000);
  const items = polled.data?.items ?? [];
  return html`<${Freshness} polled=${polled} />
    ${
      items.length === 0
        ? polled.data && html`<p class="empty">${word.none}</p>`
        : html`<${Table} label=${word.starts} columns=${columns} rows=${items} keyOf=${({ startId }: StartView) => startId} />`
    }`;
}
