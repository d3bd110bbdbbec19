import type { CallView, GatewayView, InspectAnswer } from '../../contracts/inspect.ts';
import { showDecisions, showStarts } from './show-fleet.ts';
import { duration, table } from './table.ts';

/* The answers of the inspect function as text for people. Times are passed in. */

const since = (at: number, now: number) => duration((now - at) / 1000);

function gatewayRow(gateway: GatewayView, now: number): string[] {
  const { state, lockedUntil } = gateway;
  return [
    gateway.username,
    state === 'locked' && lockedUntil !== undefined
      ? `locked, ${duration((lockedUntil - now) / 1000)} left`
      : state,
    gateway.lockedBy ?? '-',
    since(gateway.registeredAt, now),
    duration(gateway.expiresAt - now / 1000),
    gateway.received,
    gateway.edgeId,
  ];
}

function showGateways(gateways: readonly GatewayView[], now: number): string {
  if (gateways.length === 0) return 'No gateway is registered.';
  const counts = new Map<string, number>();
  for (const { state } of gateways) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const rows = [...gateways]
    .sort((a, b) => a.username.localeCompare(b.username))
    .map((gateway) => gatewayRow(gateway, now));
  const header = ['GATEWAY', 'STATE', 'CALL', 'REGISTERED', 'EXPIRES IN', 'FROM', 'EDGE'];
  return `${table(header, rows)}\n\n${gateways.length} registered: ${summary}`;
}

/** How long it lasted, or has lasted so far. */
function lasted({ answeredAt, endedAt, state }: CallView, now: number): string {
  if (answeredAt === undefined) return '-';
  return since(answeredAt, endedAt ?? (state === 'ended' ? answeredAt : now));
}

const ordinalEnds = new Map([
  ['one', 'st'],
  ['two', 'nd'],
  ['few', 'rd'],
]);
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

/** `1st`, `22nd`, `113th`. */
const ordinal = (n: number) => `${n}${ordinalEnds.get(ordinals.select(n)) ?? 'th'}`;

function callRow(call: CallView, now: number): string[] {
  return [
    call.callId,
    call.room,
    call.place === undefined ? call.state : `${call.state}, ${ordinal(call.place)}`,
    call.outcome ?? '-',
    `${since(call.offeredAt, now)} ago`,
    lasted(call, now),
    call.gateway ?? '-',
  ];
}

function showCalls(calls: readonly CallView[], now: number): string {
  if (calls.length === 0) return 'There were no calls.';
  const rows = [...calls].sort((a, b) => b.offeredAt - a.offeredAt).map((call) => callRow(call, now));
  return table(['CALL-ID', 'ROOM', 'STATE', 'OUTCOME', 'OFFERED', 'LASTED', 'GATEWAY'], rows);
}

function showCall(call: CallView, now: number): string {
  const facts = [
    ['Call-ID', call.callId],
    ['room', call.room],
    ['caller', call.callerUri],
    ['state', call.outcome === undefined ? call.state : `${call.state} (${call.outcome})`],
    ['gateway', call.gateway ?? '-'],
    ['edge', call.edgeId],
    ...(call.traceId === undefined ? [] : [['trace', call.traceId]]),
    ['offered', `${new Date(call.offeredAt).toISOString()}, ${since(call.offeredAt, now)} ago`],
    ['lasted', lasted(call, now)],
  ];
  const start = call.steps[0]?.at ?? call.offeredAt;
  const steps = call.steps.map(({ at, step, gateway, detail }) => [
    `+${at - start} ms`,
    step,
    gateway ?? '',
    detail ?? '',
  ]);
  const head = facts.map(([name, value]) => `${String(name).padEnd(8)} ${value}`).join('\n');
  return steps.length === 0 ? head : `${head}\n\n${table(['AFTER', 'STEP', 'GATEWAY', 'DETAIL'], steps)}`;
}

/** @param now epoch ms */
export function show(answer: InspectAnswer, now: number): string {
  switch (answer.result) {
    case 'gateways':
      return showGateways(answer.gateways, now);
    case 'calls':
      return showCalls(answer.calls, now);
    case 'call':
      return [answer.call, ...answer.earlier]
        .map((call) => showCall(call, now))
        .join('\n\nbefore that, with the same Call-ID:\n\n');
    case 'decisions':
      return showDecisions(answer, now);
    case 'starts':
      return showStarts(answer.starts);
    case 'not-found':
      return [
        'There is no record of this call. Records are kept 30 days, and the whole Call-ID is needed.',
        'A call that the edge refused at its door has none (docs/outcomes.md): npm run trace -- CALL-ID finds its log line.',
      ].join('\n');
  }
}
