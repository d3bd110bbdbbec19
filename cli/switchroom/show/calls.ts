import { plain } from '../../../command-line/plain.ts';
import type { CallDetail, CallView, Failures } from '../../../contracts/api/views.ts';
import { showLadder } from './ladder.ts';
import { showMedia } from './media.ts';
import type { Paint } from './paint.ts';
import {
  beside,
  callName,
  clock,
  duration,
  gatewayName,
  roughly,
  secondsBetween,
  shortened,
  table,
} from './table.ts';

/* Calls as text for people. Times are passed in, epoch milliseconds. */

/** How long it lasted, or has lasted so far. */
function lasted({ answeredAt, endedAt }: CallView, now: number): string {
  return answeredAt === undefined ? '-' : duration(secondsBetween(answeredAt, endedAt ?? now));
}

const ordinalEnds = new Map([
  ['one', 'st'],
  ['two', 'nd'],
  ['few', 'rd'],
]);
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

/** `1st`, `22nd`, `113th`. */
const ordinal = (n: number) => `${n}${ordinalEnds.get(ordinals.select(n)) ?? 'th'}`;

/** What became of it, in a word: its outcome where it failed, else its state. */
function became({ state, outcome, place }: CallView): string {
  if (outcome !== undefined) return outcome;
  if (place !== undefined) return `waiting, ${ordinal(place)}`;
  // Those that are over have the outcome `answered`.
  return state === 'answered' ? 'in progress' : state;
}

export function showCalls(calls: readonly CallView[], now: number, paint: Paint): string {
  if (calls.length === 0) return 'There were no calls.';
  const rows = calls.map((call) => [
    callName(call.callId),
    shortened(call.room, 12) || '-',
    shortened(became(call), 16),
    `${roughly(secondsBetween(call.beganAt, now))} ago`,
    lasted(call, now),
    call.gateway === undefined ? '-' : gatewayName(call.gateway),
  ]);
  return table(['CALL-ID', 'ROOM', 'CALL', 'BEGAN', 'LASTED', 'GATEWAY'], rows, paint);
}

/** One call: what is known of it, and a ladder of what happened between caller, edge and gateway. */
export function showCall(call: CallDetail, now: number, paint: Paint): string {
  const { callId, room, caller, state, outcome, detail, gateway, edgeId, traceId, beganAt, otherTries } =
    call;
  const facts: [string, string | undefined][] = [
    ['Call-ID', callId],
    ['room', room],
    [
      'caller',
      [caller.displayName, caller.uri, caller.received && `from ${caller.received}`]
        .filter(Boolean)
        .join(' '),
    ],
    ['state', outcome === undefined ? state : `${state} (${[outcome, detail].filter(Boolean).join(': ')})`],
    ['gateway', gateway],
    ['edge', edgeId],
    ['trace', traceId],
    ['began', `${clock(beganAt)} UTC, ${duration(secondsBetween(beganAt, now))} ago`],
    ['lasted', lasted(call, now)],
  ];
  const head = facts
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value = '']) => beside(name, plain(value), 9))
    .join('\n');
  const tries = otherTries.map(
    (one) => `  ${clock(one.beganAt)}  ${one.traceId ?? one.callId}  ${paint(became(one))}`,
  );
  return [
    head,
    ...(call.steps.length > 0 ? ['', showLadder(call)] : []),
    ...(call.media ? ['', showMedia(call.media.streams)] : []),
    ...(tries.length > 0 ? ['', 'other tries with the same Call-ID:', ...tries] : []),
  ].join('\n');
}

export function showFailures({ by, failed, from, to, searchedUntil, groups }: Failures): string {
  const span = `${clock(searchedUntil ?? from)} to ${clock(to)} UTC`;
  if (failed === 0) return `No call failed, ${span}.`;
  const rows = groups.map(({ value, count, examples }) => [
    String(count),
    value || '-',
    examples.map(({ callId }) => callName(callId)).join(' '),
  ]);
  return `${table(['CALLS', by.toUpperCase(), 'SUCH AS'], rows)}\n\n${failed} failed, ${span}`;
}

export const noSuchCall = `There is no record of this call. Records are kept 30 days; the beginning of a
Call-ID is enough. A call that the edge refused at its door has none
(docs/outcomes.md): npm run trace -- CALL-ID finds its log line.`;
