import { plain } from '../../../command-line/plain.ts';
import type { EdgeView, GatewayView } from '../../../contracts/api/views.ts';
import type { Paint } from './paint.ts';
import {
  callName,
  clock,
  duration,
  gatewayName,
  roughly,
  secondsBetween,
  shortened,
  table,
} from './table.ts';

/* Gateways and edges as text for people. `now`: epoch milliseconds. */

function stateOf({ state, lockedUntil }: GatewayView, now: number): string {
  if (state !== 'locked' || lockedUntil === undefined) return state;
  const leftSec = secondsBetween(now, lockedUntil);
  return leftSec < 0 ? 'locked, lapsed' : `locked, ${roughly(leftSec)} left`;
}

export function showGateways(gateways: readonly GatewayView[], now: number, paint: Paint): string {
  if (gateways.length === 0) return 'No gateway is registered.';
  const counts = new Map<string, number>();
  for (const { state } of gateways) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const rows = [...gateways]
    .sort((a, b) => a.username.localeCompare(b.username))
    .map((gateway) => [
      gatewayName(gateway.username),
      stateOf(gateway, now),
      gateway.call === undefined ? '-' : callName(gateway.call.callId),
      roughly(secondsBetween(gateway.registeredAt, now)),
      roughly(secondsBetween(now, gateway.expiresAt)),
      shortened(gateway.edgeId, 15),
    ]);
  const list = table(['GATEWAY', 'STATE', 'CALL', 'AGE', 'EXPIRES IN', 'EDGE'], rows, paint);
  return `${list}\n\n${gateways.length} registered: ${summary}`;
}

export function showGateway(gateway: GatewayView, now: number, paint: Paint): string {
  const { username, call, contact, received, edgeId, taskId, registeredAt, expiresAt } = gateway;
  const facts: [string, string | undefined][] = [
    ['gateway', username],
    ['state', paint(stateOf(gateway, now))],
    ['call', call?.callId],
    ['contact', plain(contact)],
    ['from', received],
    ['edge', edgeId],
    ['task', taskId ?? 'none: others run it'],
    ['registered', `${clock(registeredAt)} UTC, ${duration(secondsBetween(registeredAt, now))} ago`],
    ['expires', `in ${duration(secondsBetween(now, expiresAt))}`],
  ];
  return facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value = '']) => `${name.padEnd(10)} ${value}`)
    .join('\n');
}

export function showEdges(edges: readonly EdgeView[], now: number, paint: Paint): string {
  if (edges.length === 0) return 'No edge has asked for anything yet.';
  const rows = edges.map(({ edgeId, isUp, calls, upSince, drainingSince, leaseUntil }) => {
    if (!isUp) {
      const ago = duration(secondsBetween(leaseUntil, now));
      return [edgeId, 'down', String(calls), `its lease ended ${ago} ago`];
    }
    const since = drainingSince ?? upSince;
    return [
      edgeId,
      drainingSince === undefined ? 'up' : 'draining',
      String(calls),
      since ? `since ${clock(since)}` : '',
    ];
  });
  return table(['EDGE', 'STATE', 'CALLS', 'UTC'], rows, paint);
}
