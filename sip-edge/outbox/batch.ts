import { edgeEventSource } from '../../contracts/facts.ts';
import type { NewFact } from '../ports.ts';

/** A fact on its way to the bus. */
export interface Entry {
  id: string;
  type: string;
  /** Epoch ms. */
  at: number;
  callId: string | undefined;
  traceId: string | undefined;
  /** The fact as JSON. */
  detail: string;
  /** What it counts towards the batch, by EventBridge's rule. */
  bytes: number;
  /** On disk, not only in memory. */
  isStored: boolean;
}

/** @returns which call a fact is of, where it is of one */
export const callOf = (fact: NewFact): Pick<Entry, 'callId' | 'traceId'> =>
  'callId' in fact
    ? { callId: fact.callId, traceId: fact.traceId }
    : { callId: undefined, traceId: undefined };

/** PutEvents takes no more at once (EventBridge quotas). */
export const maxBatchEntries = 10;
export const maxBatchBytes = 256 * 1024;

/** @returns what an entry counts: 14 bytes of time, source, type, detail (API reference, PutEvents) */
export const entryBytes = (type: string, detail: string): number =>
  14 + Buffer.byteLength(edgeEventSource) + Buffer.byteLength(type) + Buffer.byteLength(detail);

/** Takes the next batch off the front of a queue. @returns as many as go at once, in order; [] for none */
export function takeBatch(queue: Entry[]): Entry[] {
  let bytes = 0;
  let count = 0;
  for (const entry of queue) {
    if (count === maxBatchEntries || (count > 0 && bytes + entry.bytes > maxBatchBytes)) break;
    bytes += entry.bytes;
    count += 1;
  }
  return queue.splice(0, count);
}
