import type { CallIdentity } from '../../contracts/common.ts';
import { identityOf, ownerOf } from '../domain/call/call.ts';

/* Keys of the table and of its four indexes (docs/architecture.md). */

export const gatewayKeyPrefix = 'GW#';
export const callKeyPrefix = 'CALL#';

/** The index of gateways that can be given, and of those whose lock will lapse. */
export const freeIndex = 'free';
/** The index of what somebody must look at again: open calls, edges, draining gateways. */
export const watchIndex = 'watch';
/** The index of call records by their Call-ID: several where a caller tried again. For the API alone. */
export const callsIndex = 'calls';
/** The index of call records by their last gateway and when they were first offered to one. */
export const gatewaysIndex = 'gateways';

export const edgesWatchKey = 'edges';
export const drainingWatchKey = 'draining';
/** The queue of calls that wait for a gateway: `watchAt` is when each began to wait. */
export const waitingWatchKey = 'waiting';

/** Gateways that the fleet has taken out of the pool and told to stop; `watchAt`: when to look whether they did. */
export const drainedWatchKey = 'drained';
/** Calls that are over and whose record is still to be told; `watchAt`: when they ended. */
export const recordDueWatchKey = 'record-due';
/** Gateways that did not answer: nobody looks after them, but people may look for them. */
export const silentWatchKey = 'silent';
/** Gateways that operators hold; `watchAt`: since when. */
export const heldWatchKey = 'held';
/** Starts by where they stand: not registered yet, in the pool, told to stop. */
export const startingWatchKey = 'tasks#starting';
export const runningWatchKey = 'tasks#running';
export const stoppingWatchKey = 'tasks#stopping';
/** Starts that have ended, and that the pool's count does not know of yet. */
export const goneWatchKey = 'tasks#gone';

/** The one item about the pool that calls read where no gateway is free. */
export const poolKey = 'POOL';
/** The one item with what operators have ordered of the pool. */
export const ordersKey = 'ORDERS';
export const taskKeyPrefix = 'TASK#';

/** `watchAt` of what waits for no time: an answered call lasts as long as it lasts. 9999-12-31. */
export const neverAt = 253_402_300_799_999;

export function gatewayKey(username: string): string {
  return `${gatewayKeyPrefix}${username}`;
}

/** Reads back what `gatewayKey` made. */
export function usernameOfKey(pk: string): string {
  return pk.slice(gatewayKeyPrefix.length);
}

export function callKey(call: CallIdentity): string {
  return `${callKeyPrefix}${ownerOf(call)}`;
}

export function tombstoneKey(username: string, registrationId: string): string {
  return `ENDED#${username}#${registrationId}`;
}

const edgeKeyPrefix = 'EDGE#';

export function edgeKey(edgeId: string): string {
  return `${edgeKeyPrefix}${edgeId}`;
}

/** Reads back what `edgeKey` made. */
export function edgeIdOf(pk: string): string {
  return pk.slice(edgeKeyPrefix.length);
}

/** Reads back what `callKey` made. */
export function callOfKey(pk: string): CallIdentity {
  return identityOf(pk.slice(callKeyPrefix.length));
}

export function taskKey(startId: string): string {
  return `${taskKeyPrefix}${startId}`;
}

/** Where the task of a gateway runs. */
export function taskHostKey(taskId: string): string {
  return `HOST#${taskId}`;
}

export function decisionKey(atMs: number, id: string): string {
  return `DECISION#${atMs}-${id}`;
}

/** @param atMs any moment of the day (UTC), epoch milliseconds */
export function decisionsWatchKey(atMs: number): string {
  return `decisions#${dayOf(atMs)}`;
}

/** Starts that are over, by the day they were asked for. */
export function startsWatchKey(atMs: number): string {
  return `starts#${dayOf(atMs)}`;
}

export function actionKey(atMs: number, id: string): string {
  return `ACTION#${atMs}-${id}`;
}

/** What operators did, by the day. */
export function actionsWatchKey(atMs: number): string {
  return `actions#${dayOf(atMs)}`;
}

/** The answer to a request that may come again. @param id of who asked and their key */
export function answeredKey(id: string): string {
  return `ANSWERED#${id}`;
}

/** Calls that are over, by the day they ended: those that failed apart, since they are what people look for. */
export function endedCallsWatchKey(atMs: number, failed: boolean): string {
  return `${failed ? 'failed' : 'ended'}#${dayOf(atMs)}`;
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

export function callsWatchKey(edgeId: string): string {
  return `calls#${edgeId}`;
}

/** Calls that an edge must end: their gateway is gone, and the edge does not know. */
export function hangupsWatchKey(edgeId: string): string {
  return `hangup#${edgeId}`;
}

/** Who wants a call ended: its gateway is gone, or an operator says so. */
export type HangupBy = 'loss' | 'operator';

/** The index shows keys only, so the key says who wants it. */
const hangupPrefixes: Record<HangupBy, string> = { loss: 'HANGUP', operator: 'HANGUP-ASKED' };

export function hangupKey(username: string, call: CallIdentity, by: HangupBy = 'loss'): string {
  return `${hangupPrefixes[by]}#${username}#${ownerOf(call)}`;
}

/** Reads back what `hangupKey` made: a username has no `#`, a Call-ID may. */
export function hangupOf(pk: string): CallIdentity & { gateway: string; asked?: true } {
  const [, prefix, gateway = '', owner = ''] = /^([A-Z-]+)#([^#]*)#(.*)$/s.exec(pk) ?? [];
  const asked = prefix === hangupPrefixes.operator;
  return { gateway, ...identityOf(owner), ...(asked && { asked }) };
}

/** @returns the partitions of the `free` index, in order. */
export function freeShardNames(shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => `free#${shard}`);
}

/**
 * The partition of the `free` index that a gateway belongs to: always the same one, so that any writer of the
 * gateway puts it back where it was.
 * @param shards number of partitions, 1 or more
 */
export function freeShardOf(username: string, shards: number): string {
  return `free#${fnv1a(username) % shards}`;
}

/** FNV-1a, 32 bit: spreads well, needs no library, and is the same wherever it runs. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
