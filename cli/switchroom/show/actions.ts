import { plain } from '../../../command-line/plain.ts';
import type { ActionView, OrdersView } from '../../../contracts/api/actions.ts';
import { beside, callName, clock, gatewayName, shortened, table } from './table.ts';

/* What operators have ordered and done, as text for people. */

/** Of the ARN of who signed its last part; `--json` has all of it. */
const whoName = (who: string) =>
  shortened(who.startsWith('arn:') ? who.slice(who.lastIndexOf('/') + 1) : who, 20);

export function showOrders({ paused, override, reservations }: OrdersView): string {
  const by = ({ who, at, reason }: { who: string; at: string; reason: string }) =>
    plain(`${reason} (${whoName(who)}, ${clock(at)} UTC)`);
  const bounds = override && [
    override.minFree !== undefined && `at least ${override.minFree} free`,
    override.maximum !== undefined && `at most ${override.maximum}`,
  ];
  const lines = [
    ...(paused ? [beside('paused:', by(paused), 8)] : []),
    ...(override && bounds
      ? [
          beside(
            'override:',
            `${bounds.filter(Boolean).join(', ')} until ${clock(override.until)} UTC: ${by(override)}`,
            10,
          ),
        ]
      : []),
    ...reservations.map((one) =>
      beside(
        `${one.id}:`,
        `${one.gateways} gateways, ${clock(one.from)} to ${clock(one.to)} UTC: ${by(one)}`,
        14,
      ),
    ),
  ];
  return lines.length === 0 ? 'Nothing is ordered: the policy decides.' : lines.join('\n');
}

const times = ['from', 'to', 'until'];
/** Short, as tables have it: `--json` has all of it. */
const detail = ([name, value]: [string, string | number]) =>
  `${name} ${times.includes(name) ? `${clock(String(value))} UTC` : gatewayName(String(value))}`;

export function showActions(actions: readonly ActionView[]): string {
  if (actions.length === 0) return 'Nobody has done anything.';
  const rows = actions.map(({ at, who, action, subject }) => [
    clock(at),
    whoName(who),
    action,
    action === 'hangup' ? callName(subject) : gatewayName(subject),
  ]);
  const why = actions.map(({ reason, details }) =>
    [reason, ...Object.entries(details).map(detail)].join(', '),
  );
  return table(['WHEN (UTC)', 'WHO', 'DID', 'TO'], rows, undefined, why);
}
