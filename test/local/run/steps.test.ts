import { describe, expect, it } from 'vitest';
import type { BusEvent } from '../../../local/aws/events/bus-event.ts';
import type { JsonObject } from '../../../local/aws/template.ts';
import { jsonConsole, plainConsole } from '../../../local/run/console.ts';
import { type Step, stepOf } from '../../../local/run/steps.ts';

const taskId = '5c1e0a92bb374ffa8f0c1d2e3f405162';
const username = `${taskId}.mediagw.1`;
const callId = '3f2a9c1b-77aa@10.0.0.9';
const at = Date.parse('2026-11-23T12:00:05.000Z');

const event = (source: string, type: string, detail: JsonObject): BusEvent => ({
  version: '0',
  id: 'e',
  'detail-type': type,
  source,
  account: '0',
  time: '2026-11-23T12:00:05Z',
  region: 'us-east-1',
  resources: [],
  detail,
});

const fact = (type: string, more: JsonObject): BusEvent =>
  event('switchroom.edge', type, {
    version: 1,
    id: '11111111-1111-4111-8111-111111111111',
    type,
    at,
    edgeId: 'local',
    ...more,
  });

const task = (more: JsonObject): BusEvent =>
  event('aws.ecs', 'ECS Task State Change', {
    taskArn: `arn:aws:ecs:r:a:task/c/${taskId}`,
    version: 2,
    ...more,
  });

const received = { address: '10.0.0.7', port: 5060, protocol: 'tcp' };

describe('what is told of a run', () => {
  it.each<[string, BusEvent, Partial<Step>]>([
    [
      'a registration',
      fact('gateway.registered', { username, registrationId: 'r', contact: 'sip:x', received }),
      { subject: 'gateway 5c1e0a92….mediagw.1', what: 'registered', detail: 'from 10.0.0.7:5060 tcp' },
    ],
    [
      'a call that waits',
      fact('call.waiting', { callId, room: '1234', cause: 'starting', ahead: 2, waitedSec: 0 }),
      { subject: 'call 3f2a9c1b', what: 'waits', detail: 'room 1234, starting, 2 before it' },
    ],
    [
      'an INVITE to a gateway',
      fact('call.offered', {
        callId,
        room: '1234',
        caller: { uri: 'sip:a@b', received },
        gateway: username,
        attempt: 2,
      }),
      { subject: 'call 3f2a9c1b', what: 'offered', detail: 'room 1234 → 5c1e0a92….mediagw.1, attempt 2' },
    ],
    [
      'an answer',
      fact('call.answered', {
        callId,
        gateway: username,
        receivedAt: at - 120,
        callerDialogId: 'a',
        gatewayDialogId: 'b',
      }),
      { what: 'answered', detail: 'by 5c1e0a92….mediagw.1 after 120 ms' },
    ],
    [
      'an end',
      fact('call.ended', {
        callId,
        gateway: username,
        by: 'caller',
        outcome: 'answered',
        answeredAt: at - 61_500,
      }),
      { what: 'ended', detail: 'by caller after 61.5 s' },
    ],
    [
      'a failure',
      fact('call.failed', { callId, outcome: 'pool-exhausted', failed: [], detail: 'none-registered' }),
      { what: 'failed', detail: 'pool-exhausted: none-registered', trouble: true },
    ],
    [
      'a task that runs',
      task({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }),
      { event: 'task.running', subject: 'task 5c1e0a92' },
    ],
    [
      'a task that is to stop',
      task({ lastStatus: 'RUNNING', desiredStatus: 'STOPPED', stoppedReason: 'over' }),
      { event: 'task.stopping', detail: 'over' },
    ],
    [
      'a task that has stopped',
      task({ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'UserInitiated' }),
      { event: 'task.stopped', fields: { taskId, version: 2, stopCode: 'UserInitiated' } },
    ],
  ])('%s', (_what, given, step) => {
    expect(stepOf(given)).toMatchObject(step);
  });

  it.each([
    ['a task that is being started', task({ lastStatus: 'PENDING', desiredStatus: 'RUNNING' })],
    ['what is no fact of ours', event('somebody', 'call.ended', {})],
  ])('but not %s', (_what, given) => {
    expect(stepOf(given)).toBeUndefined();
  });

  it('stands in aligned lines for people, and in JSON for programs', () => {
    const step = stepOf(
      fact('call.ended', { callId, gateway: username, by: 'gateway', outcome: 'answered' }),
    ) as Step;
    const lines: string[] = [];
    plainConsole((text) => lines.push(text), false).step(step);
    jsonConsole((text) => lines.push(text)).step(step);
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}call 3f2a9c1b {18}ended {9}by gateway\n$/);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ event: 'call.ended', at, callId, by: 'gateway' });
  });

  it('moves no cursor and colours nothing by what a caller has said', () => {
    const lines: string[] = [];
    const console = plainConsole((text) => lines.push(text), false);
    console.step({
      event: 'x',
      at,
      subject: 'call a\u001b[2J',
      what: 'y',
      detail: '\u009b31m\u0007',
      fields: {},
    });
    console.trouble('x', 'died; it said last:\n    \u001b]0;title\u0007');
    expect(lines.join('')).not.toMatch(/[^\P{Cc}\n]/u);
    expect(lines[1]).toContain('died; it said last:\n    ?');
  });
});
