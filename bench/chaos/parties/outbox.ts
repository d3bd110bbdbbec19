import { randomUUID } from 'node:crypto';
import { factSchema } from '../../../contracts/facts.ts';
import type { NewFact } from '../../../sip-edge/ports.ts';
import type { EdgeWorld } from './edge-world.ts';

/** The state of an edge, as far as its outbox goes by it. */
interface State {
  readonly edgeId: string;
  readonly isAlive: boolean;
  readonly isCutOff: boolean;
}

/** Says a fact: it is kept on disk, and goes out when the edge is not cut off. An edge that dies takes it with it. */
export function say(said: NewFact, edge: State, { sim, cloud, saysTraceId, onUntold }: EdgeWorld): void {
  const envelope = { version: 1, id: randomUUID(), at: sim.nowMs, edgeId: edge.edgeId };
  const fact = factSchema.parse({ ...envelope, ...said });
  const send = () => {
    if (!edge.isAlive) {
      if ('traceId' in fact && fact.traceId !== undefined) onUntold(fact.traceId);
    } else if (edge.isCutOff) sim.in(1000, send);
    else cloud.publish(saysTraceId || !('traceId' in fact) ? fact : { ...fact, traceId: undefined });
  };
  send();
}
