import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readSwitchroomOptions } from '../../cli/switchroom/options.ts';
import { showCall, showCalls, showFailures } from '../../cli/switchroom/show/calls.ts';
import { decisionText, showStatus } from '../../cli/switchroom/show/fleet.ts';
import { showGateways } from '../../cli/switchroom/show/gateways.ts';
import { painter } from '../../cli/switchroom/show/paint.ts';
import { duration } from '../../cli/switchroom/show/table.ts';
import { isoOf } from '../../contracts/api/common.ts';
import type { DecisionView, Status } from '../../contracts/api/pool-views.ts';
import type { CallDetail, GatewayView } from '../../contracts/api/views.ts';

/* What `switchroom` says to people, without a run. */

const now = Date.parse('2026-11-23T12:00:00Z');
const plain = painter(false);

const gateway = (more: Partial<GatewayView>): GatewayView => ({
  username: '10.0.0.7.mediagw.1',
  state: 'free',
  contact: 'sip:gw@10.0.0.7',
  received: '10.0.0.7:5060;tcp',
  edgeId: 'edge-1',
  registeredAt: isoOf(now - 90_000),
  expiresAt: isoOf(now + 42_000),
  ...more,
});

const call: CallDetail = {
  id: 'x',
  callId: 'abc@host',
  state: 'ended',
  room: '1234',
  caller: { uri: 'sip:alice@example.org', displayName: 'Alice' },
  gateway: '10.0.0.7.mediagw.1',
  edgeId: 'edge-1',
  outcome: 'answered',
  beganAt: isoOf(now - 65_000),
  offeredAt: isoOf(now - 65_000),
  answeredAt: isoOf(now - 64_000),
  endedAt: isoOf(now - 4000),
  endedBy: 'caller',
  attempts: [],
  steps: [
    { at: isoOf(now - 65_000), step: 'received' },
    { at: isoOf(now - 64_900), step: 'offered', gateway: '10.0.0.7.mediagw.1', detail: 'attempt 1' },
    { at: isoOf(now - 64_000), step: 'answered', gateway: '10.0.0.7.mediagw.1' },
    { at: isoOf(now - 4000), step: 'ended', detail: 'answered, by caller' },
  ],
  messages: [],
  otherTries: [],
};

it('says how the media of a call went, and what is not known of it', () => {
  const sent = { packets: 1200, lost: 27, lossPercent: 2.25, jitterMs: 1.8, bitrateKbps: 64, errors: 0 };
  const media = {
    reportedAt: isoOf(now),
    streams: [{ kind: 'audio' as const, sent, received: { packets: 1166 } }],
  };
  expect(showCall({ ...call, media }, now, plain)).toContain(`
MEDIA  DIRECTION        LOST    JITTER  PACKETS  BITRATE
audio  to the caller    2.25 %  1.8 ms  1200     64 kbit/s
audio  from the caller  -       -       1166     -`);
});

it('says of each gateway its state, who holds it, and how long it lasts', () => {
  const locked = gateway({
    username: '10.0.0.8.mediagw.1',
    state: 'locked',
    call: { id: 'x', callId: 'abc@host' },
    lockedUntil: isoOf(now + 30_000),
  });
  expect(showGateways([locked, gateway({})], now, plain)).toBe(
    `GATEWAY             STATE              CALL      AGE    EXPIRES IN  EDGE
10.0.0.7.mediagw.1  free               -         1 min  42 s        edge-1
10.0.0.8.mediagw.1  locked, 30 s left  abc@host  1 min  42 s        edge-1

2 registered: 1 locked, 1 free`,
  );
  expect(showGateways([locked], now + 31_000, plain)).toContain(' locked, lapsed ');
});

it.each([
  ['re', 'report release replay resume-edge resume reserve'],
  ['ho', 'hold'],
  ['--s', '--since --stack'],
])('has bash complete %s', (word, found) => {
  const script = `source <(${process.execPath} cli/switchroom.ts completion)
COMP_WORDS=(switchroom "$1"); COMP_CWORD=1; _switchroom; echo "\${COMPREPLY[@]}"`;
  const said = execFileSync('bash', ['-c', script, 'bash', word], { encoding: 'utf8' });
  expect(new Set(said.trim().split(' '))).toEqual(new Set(found.split(' ')));
});

it('says of each call what became of it', () => {
  expect(showCalls([call], now, plain)).toBe(
    `CALL-ID   ROOM  CALL      BEGAN      LASTED     GATEWAY
abc@host  1234  answered  1 min ago  1 min 0 s  10.0.0.7.mediagw.1`,
  );
  const waiting = { ...call, state: 'waiting' as const, place: 2 };
  const { outcome: _outcome, ...open } = waiting;
  expect(showCalls([open], now, plain)).toMatch(/ waiting, 2nd /);
  const { place: _place, ...answered } = { ...open, state: 'answered' as const, room: '' };
  expect(showCalls([answered], now, plain)).toMatch(/abc@host +- +in progress /);
});

it('shows one call as a ladder, in seconds from its INVITE', () => {
  const text = showCall(call, now, plain);
  expect(text).toContain('caller   Alice sip:alice@example.org');
  expect(text.split('\n').slice(-5)).toEqual([
    'AFTER      CALLER … EDGE  EDGE … GATEWAY  WHAT',
    '+0.000 s   ──INVITE──▶                    received',
    '+0.100 s                  ──INVITE──▶     offered 10.0.0.7.mediagw.1 attempt 1',
    '+1.000 s   ◀───200────    ◀───200────     answered 10.0.0.7.mediagw.1',
    '+61.000 s  ───BYE────▶    ───BYE────▶     ended answered, by caller',
  ]);
});

it('shows the SIP messages of a call among its steps, and how many more there were', () => {
  const invite = { method: 'INVITE', at: isoOf(now - 65_000) };
  const bye = { method: 'BYE', at: isoOf(now - 4000) };
  const messages: CallDetail['messages'] = [
    { ...invite, leg: 'caller', direction: 'received' },
    { ...invite, leg: 'gateway', direction: 'sent' },
    { ...invite, leg: 'gateway', direction: 'received', status: 486 },
    { ...bye, leg: 'gateway', direction: 'received' },
    { ...bye, leg: 'gateway', direction: 'sent', status: 200 },
  ];
  const text = showCall({ ...call, messages, messagesLeftOut: 3 }, now, plain);
  expect(text.split('\n').slice(-9)).toEqual([
    'AFTER      CALLER … EDGE  EDGE … GATEWAY  WHAT',
    '+0.000 s   ───INVITE──▶',
    '+0.000 s                  ───INVITE──▶',
    '+0.000 s                  ◀────486────    received',
    '+0.100 s                                  offered 10.0.0.7.mediagw.1 attempt 1',
    '+1.000 s                                  answered 10.0.0.7.mediagw.1',
    '+61.000 s                 ◀────BYE────',
    '+61.000 s                 ──200 BYE──▶    ended answered, by caller',
    '(3 SIP messages more)',
  ]);
});

it('lets no caller move the cursor or colour the screen', () => {
  const evil = '\u001b[2J\u001b[31mred\r\n\u202Eabc';
  const hostile = { ...call, callId: evil, room: evil, caller: { uri: evil, displayName: evil } };
  const text = [showCalls([hostile], now, plain), showCall(hostile, now, plain)].join('\n');
  for (const control of ['\u001b', '\r', '\u202e']) expect(text).not.toContain(control);
});

it('colours by meaning, where that is wanted', () => {
  expect(showCalls([call], now, painter(true))).toContain('\u001b[32manswered\u001b[0m');
  expect(showCalls([call], now, plain)).not.toContain('\u001b');
});

const counts = { free: 1, unmanaged: 1, locked: 0, busy: 0, held: 0, draining: 0, starting: 0 };
const decision: DecisionView = {
  at: isoOf(now - 60_000),
  action: 'start',
  count: 1,
  done: 1,
  reason: { rule: 'short', level: 2, short: 1 },
  trigger: 'every minute',
  counts,
  managed: 0,
  waiting: 0,
  recentStarts: { consecutiveFailures: 0 },
};

it.each<[string, Partial<DecisionView>, string]>([
  ['a start', {}, '1 free, 2 wanted: started 1'],
  [
    'a start for those who wait, that was kept short',
    {
      waiting: 3,
      count: 5,
      done: 4,
      reason: { rule: 'short', level: 2, limit: 'maximum' },
      warning: 'at-maximum',
    },
    '1 free, 3 waiting, 2 and 3 for those who wait wanted: started 4 of 5 (no more: maximum) [at-maximum]',
  ],
  ['a drain', { action: 'drain', reason: { rule: 'surplus', level: 0 } }, '1 free, 0 wanted: drained 1'],
])('says %s in words', (_what, more, text) => {
  expect(decisionText({ ...decision, ...more })).toBe(text);
});

it('says how it stands on one screen', () => {
  const status: Status = {
    gateways: { free: 1, locked: 0, busy: 2, silent: 0, held: 0, draining: 0 },
    managed: 3,
    maximum: 20,
    starting: 0,
    startsFailing: false,
    waiting: 1,
    longestWaitSec: 5,
    calls: 2,
    edges: [{ edgeId: 'edge-1', isUp: true, leaseUntil: isoOf(now + 30_000), calls: 2 }],
    lastHour: { finished: 9, failed: [{ outcome: 'pool-exhausted', count: 2 }], more: false },
    lastDecision: decision,
    quiet: { rule: 'enough', since: isoOf(now - 30_000), runs: 2 },
  };
  expect(showStatus(status, now, plain)).toBe(`edges      1 of 1 up
gateways   1 free, 2 busy; 3 of at most 20 ours
calls      2 in progress, 1 waits, for 5 s
last hour  9 answered or given up, 2 failed: 2 pool-exhausted
decided    2026-11-23 11:59:00: 1 free, 2 wanted: started 1
           Since 2026-11-23 11:59:30, for 30 s: nothing to do (enough), looked
           at 2 times.`);
  const once = { ...status, waiting: 2, quiet: { rule: 'enough', since: isoOf(now - 30_000), runs: 1 } };
  const text = showStatus(once, now, plain);
  expect(text).toContain('2 wait, the first for 5 s');
  expect(text).toMatch(/looked\s+at once\.$/);
});

describe('what is not there', () => {
  it.each([
    ['gateways', () => showGateways([], now, plain), 'No gateway is registered.'],
    ['calls', () => showCalls([], now, plain), 'There were no calls.'],
    [
      'failures',
      () => showFailures({ by: 'room', from: isoOf(now - 1000), to: isoOf(now), failed: 0, groups: [] }),
      'No call failed, 2026-11-23 11:59:59 to 2026-11-23 12:00:00 UTC.',
    ],
  ])('is said of %s', (_what, show, text) => {
    expect(show()).toBe(text);
  });
});

it.each([
  [-3, '0 s'],
  [59.4, '59 s'],
  [61, '1 min 1 s'],
  [7265, '2 h 1 min'],
])('gives %s s as %s', (sec, text) => {
  expect(duration(sec)).toBe(text);
});

it.each([
  ['12:30', new Date(now).setHours(12, 30, 0, 0)],
  ['+2h', now + 7_200_000],
  ['2026-11-30T09:00Z', Date.parse('2026-11-30T09:00Z')],
])('reads --until %s', (text, at) => {
  const read = readSwitchroomOptions(['override', '--until', text], {}, false, now);
  expect(read).toMatchObject({ given: ['until'], filters: { to: isoOf(at) } });
});
