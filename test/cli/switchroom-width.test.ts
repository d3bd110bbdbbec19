import { expect, it } from 'vitest';
import { help as replayHelp } from '../../cli/replay/options.ts';
import { help } from '../../cli/switchroom/help.ts';
import { showActions, showOrders } from '../../cli/switchroom/show/actions.ts';
import { noSuchCall, showCall, showCalls, showFailures } from '../../cli/switchroom/show/calls.ts';
import { showDecisions, showSettings, showStarts, showStatus } from '../../cli/switchroom/show/fleet.ts';
import { showGateways } from '../../cli/switchroom/show/gateways.ts';
import { painter } from '../../cli/switchroom/show/paint.ts';
import { showReport } from '../../cli/switchroom/show/report.ts';
import { isoOf } from '../../contracts/api/common.ts';
import type { DecisionView, Status } from '../../contracts/api/pool-views.ts';
import type { CallDetail, CallView, GatewayView } from '../../contracts/api/views.ts';

/* What `switchroom` says fits 80 columns, whatever it has to say. */

const now = Date.parse('2026-11-23T12:00:00Z');
const plain = painter(false);
const at = isoOf(now - 3599_000);
const task = 'a'.repeat(32);
const username = `${task}.mediagw.1`;
const callId = `${'9'.repeat(60)}@host`;
const who = 'arn:aws:sts::123456789012:assumed-role/Operators/alice@example.org';
const reason = 'the room system of the board room shows a picture without any sound, and nobody is there';
const full = 'none-free, the pool is at its maximum of 20';
const lost = 'its task has stopped: Essential container in task exited';

const call: CallView = {
  id: 'x',
  callId,
  state: 'ended',
  room: '1'.repeat(50),
  caller: { uri: 'sip:alice@example.org', displayName: 'Alice', received: '192.0.2.7:50600;tcp' },
  gateway: username,
  edgeId: 'edge-1',
  outcome: 'answered',
  beganAt: at,
  answeredAt: at,
  endedAt: isoOf(now),
};
const detail: CallDetail = {
  ...call,
  detail: lost,
  attempts: [],
  steps: [{ at, step: 'lost', gateway: username, detail: lost }],
  messages: [{ at, leg: 'gateway', direction: 'sent', method: 'BYE', status: 200 }],
  otherTries: [],
};
const gateway: GatewayView = {
  username,
  state: 'locked',
  call: { id: 'x', callId },
  lockedUntil: isoOf(now + 119_000),
  contact: 'sip:gw@10.0.0.7',
  received: '10.0.0.7:5060;tcp',
  edgeId: 'ip-10-20-0-9.eu-central-1.compute.internal',
  registeredAt: at,
  expiresAt: isoOf(now + 3599_000),
};
const decision: DecisionView = {
  at,
  action: 'start',
  count: 5,
  done: 4,
  reason: { rule: 'short', level: 2, limit: 'maximum' },
  warning: 'at-maximum',
  trigger: 'call.offered, call.ended, gateway.unregistered, task RUNNING, task STOPPED',
  counts: { free: 1, unmanaged: 1, locked: 3, busy: 12, held: 1, draining: 2, starting: 4 },
  managed: 20,
  waiting: 3,
  callId: 'e63dc0e23ad0c4f54a3ebd9b2a1c0de7',
  recentStarts: { consecutiveFailures: 0 },
};
const status: Status = {
  gateways: { free: 1000, locked: 20, busy: 3000, silent: 10, held: 20, draining: 30 },
  managed: 4000,
  maximum: 5000,
  starting: 100,
  startsFailing: true,
  waiting: 30,
  longestWaitSec: 61,
  calls: 3020,
  edges: [],
  lastHour: {
    finished: 9000,
    failed: (['pool-exhausted', 'gateway-lost', 'edge-lost', 'no-answer'] as const).map((outcome) => ({
      outcome,
      count: 120,
    })),
    more: true,
  },
  lastDecision: decision,
  quiet: { rule: 'enough', since: at, runs: 200 },
};
const start = {
  startId: 'x',
  taskId: task,
  state: 'registered' as const,
  why: 'short',
  requestedAt: at,
  queuedSec: 12.5,
  pullingSec: 60.5,
  bootingSec: 10.1,
  registeringSec: 10.1,
  totalSec: 100.7,
  stopReason: `call ${task} is over, and what ECS says of it: ${lost}`,
};
const waits = { calls: 120, meanSec: 75, p95Sec: 85, longestSec: 89 };
const sums = { calls: 9000, answered: 8000, cancelled: 400, failed: 600, talkSec: 9e6, gatewaySec: 9e6 };
const given = { who, at, reason };

const said: [string, string][] = [
  ['the help', help],
  ['the help of replay', replayHelp],
  ['calls', showCalls([call, { ...call, outcome: 'control-plane-unavailable' }], now, plain)],
  ['a call', showCall(detail, now, plain)],
  ['no call', noSuchCall],
  [
    'failures',
    showFailures({
      by: 'detail',
      from: at,
      to: at,
      failed: 3,
      groups: [{ value: full, count: 3, examples: [call, call, call] }],
    }),
  ],
  ['gateways', showGateways([gateway], now, plain)],
  ['decisions', showDecisions([decision])],
  ['starts', showStarts([start], plain)],
  ['status', showStatus(status, now, plain)],
  [
    'settings',
    showSettings({
      afterCall: 'stop',
      lockLeaseSec: 120,
      waitLimitSec: 90,
      edgeLostGraceSec: 60,
      poolMax: 6,
      poolTimeZone: 'UTC',
      poolPolicy: {
        policy: 'timeline',
        timeline: { default: { '00:00:00': { unlockedMin: 2, loadMax: 1 } } },
      },
    }),
  ],
  [
    'orders',
    showOrders({
      paused: given,
      override: { ...given, minFree: 10, maximum: 200, until: at },
      reservations: [{ ...given, id: '0e50547328df', gateways: 30, from: at, to: at }],
    }),
  ],
  [
    'what was done',
    showActions([
      { ...given, action: 'hangup', subject: callId, details: { gateway: username } },
      { ...given, action: 'release-gateway', subject: username, details: {} },
      { ...given, action: 'reserve', subject: '0e50547328df', details: { from: at, gateways: 3, to: at } },
    ]),
  ],
  [
    'a report',
    showReport(
      {
        day: '2026-11-23',
        ...sums,
        peak: { calls: 3000, at },
        waits,
        usd: 1234.5,
        hours: [{ hour: 9, calls: 9000, failed: 600, talkSec: 9e6 }],
        failures: [],
        callers: [{ caller: `sip:${'a'.repeat(90)}@example.org`, calls: 9000, failed: 600, talkSec: 9e6 }],
      },
      plain,
    ),
  ],
];

it.each(said)('fits 80 columns: %s', (_what, text) => {
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
});

it('says why below what has no room for it, in full', () => {
  const done = showActions([
    { ...given, reason: 'no sound', action: 'hangup', subject: callId, details: { gateway: username } },
    { ...given, reason: 'all hands', action: 'override', subject: 'pool', details: { until: at } },
  ]);
  expect(done).toBe(`WHEN (UTC)           WHO                DID       TO
2026-11-23 11:00:01  alice@example.org  hangup    99999999999…
                     no sound, gateway aaaaaaaa…
2026-11-23 11:00:01  alice@example.org  override  pool
                     all hands, until 2026-11-23 11:00:01 UTC`);
  expect(
    showStarts([{ ...start, stopReason: 'drained by alice' }], plain)
      .split('\n')
      .slice(-2),
  ).toEqual([
    '2026-11-23 11:00:01  aaaaaaaa  registered  12.5   60.5  10.1  10.1  100.7  short',
    '                     drained by alice',
  ]);
});
