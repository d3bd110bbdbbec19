import type { EdgeView } from '../../contracts/api/views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Act } from '../parts/act.ts';
import { Freshness, State } from '../parts/parts.ts';
import { type Column, Table } from '../parts/table.ts';
import { clock, number } from '../text.ts';
import { word } from '../words.ts';

/* The edges: whether each is up, what it carries, and whether it takes new calls. */

const stateOf = ({ isUp, drainingSince }: EdgeView) =>
  isUp ? (drainingSince === undefined ? 'up' : 'draining') : 'down';

const colours = { up: 'free', draining: 'draining', down: 'failed' } as const;

export const EdgeState = ({ edge }: { edge: EdgeView }) =>
  html`<${State} of=${colours[stateOf(edge)]}>${word.edgeStates[stateOf(edge)]}</${State}>`;

const columns: readonly Column<EdgeView>[] = [
  { head: word.edge, cell: ({ edgeId }) => edgeId, by: ({ edgeId }) => edgeId },
  { head: word.state, cell: (edge) => html`<${EdgeState} edge=${edge} />`, by: stateOf },
  { head: word.calls, cell: ({ calls }) => number(calls), by: ({ calls }) => calls },
  {
    head: `${word.since} (UTC)`,
    isWide: true,
    cell: ({ isUp, leaseUntil, drainingSince, upSince = '' }) =>
      isUp ? (drainingSince ?? upSince) && clock(drainingSince ?? upSince) : clock(leaseUntil),
  },
];

export function Edges({ mayAct }: { mayAct: boolean }) {
  const polled = usePolled<{ items: EdgeView[] }>('/edges');
  const acts: Column<EdgeView> = {
    head: '',
    cell: (edge) => {
      const path = `/edges/${encodeURIComponent(edge.edgeId)}`;
      const given = { subject: edge.edgeId, done: polled.again };
      if (!edge.isUp) return null;
      return edge.drainingSince === undefined
        ? html`<${Act} ...${given} label=${word.drainEdge} effect=${word.effects.drainEdge} path=${`${path}/drain`} />`
        : html`<${Act} ...${given} label=${word.resumeEdge} effect=${word.effects.resumeEdge} path=${`${path}/resume`} />`;
    },
  };
  const edges = polled.data?.items ?? [];
  return html`<${Freshness} polled=${polled} />
    ${
      edges.length === 0
        ? polled.data && html`<p class="empty">${word.none}</p>`
        : html`<${Table} label=${word.edges} columns=${mayAct ? [...columns, acts] : columns} rows=${edges} keyOf=${({ edgeId }: EdgeView) => edgeId} />`
    }`;
}
