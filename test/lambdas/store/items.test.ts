import { describe, expect, it } from 'vitest';
import type { SipMessage } from '../../../contracts/sip-message.ts';
import type { Call } from '../../../lambdas/domain/call/call.ts';
import { UnreadableItem } from '../../../lambdas/domain/errors.ts';
import type { Task } from '../../../lambdas/domain/fleet/task.ts';
import type { Gateway } from '../../../lambdas/domain/gateway/gateway.ts';
import { callItem, callOf } from '../../../lambdas/store/items/call-item.ts';
import { gatewayFrom, gatewayItem } from '../../../lambdas/store/items/gateway-item.ts';
import { readEach } from '../../../lambdas/store/items/read-item.ts';
import { taskFrom, taskItem } from '../../../lambdas/store/items/task-item.ts';

const nowMs = 1_800_000_000_000;
const received = { address: '10.0.0.7', port: 5060, protocol: 'tcp' as const };

const gateway: Gateway = {
  username: 'a.mediagw.1',
  contacts: [{ uri: 'sip:a@10.0.0.7', expiresAt: nowMs / 1000 + 60, updatedAt: nowMs }],
  contactUris: new Set(['sip:a@10.0.0.7']),
  contact: 'sip:a@10.0.0.7',
  received,
  edgeId: 'edge-1',
  registrationId: 'reg-1',
  cseq: 1,
  state: 'free',
  freeSince: nowMs,
  registeredAt: nowMs,
  expiresAt: nowMs / 1000 + 60,
};

const call: Call = {
  callId: 'call-1',
  version: 3,
  state: 'offered',
  edgeId: 'edge-1',
  room: '1234',
  attempt: 1,
  attempts: [{ attempt: 1, gateway: gateway.username, offeredAt: nowMs }],
  grant: { contact: gateway.contact, received, gatewayEdgeId: 'edge-1', lockedUntil: nowMs + 120_000 },
  gateway: gateway.username,
  offeredAt: nowMs,
};

const task: Task = {
  startId: '00ff',
  version: 1,
  state: 'stopped',
  why: 'short',
  requestedAt: nowMs,
  refusals: 0,
  tries: 0,
};

describe('an item', () => {
  it.each<Gateway>([
    gateway,
    { ...gateway, state: 'locked', lockedBy: 'call-1', lockedUntil: nowMs + 5000 },
    { ...gateway, state: 'draining', lockedBy: 'call-1', drainUntil: nowMs + 5000 },
    { ...gateway, state: 'draining', drainUntil: nowMs + 5000 },
    { ...gateway, state: 'silent' },
  ])('of a gateway that is $state is read as it was written', (one) => {
    const { freeSince, ...rest } = one;
    const known = one.state === 'free' ? { ...rest, freeSince } : rest;
    expect(gatewayFrom(gatewayItem(one, 4))).toEqual(known);
  });

  it('of a call, and of a start, is read as it was written', () => {
    expect(callOf(callItem(call), nowMs)).toEqual(call);
    const messages: SipMessage[] = [
      { at: nowMs - 20, leg: 'caller', direction: 'received', method: 'INVITE' },
      { at: nowMs, leg: 'gateway', direction: 'sent', method: 'INVITE' },
      { at: nowMs, leg: 'gateway', direction: 'received', method: 'INVITE', status: 486 },
    ];
    const noted = { ...call, messages, messagesLeftOut: 2 };
    expect(callItem(noted).messages).toBe(`${nowMs - 20} 0c>INVITE 20g<INVITE 20g>486INVITE`);
    expect(callOf(callItem(noted), nowMs)).toEqual(noted);
    expect(() => callOf({ ...callItem(noted), messages: '1 x' }, nowMs)).toThrow(
      /messages: not a SIP message/,
    );
    expect(taskFrom(taskItem(task))).toEqual(task);
    expect(taskFrom(taskItem({ ...task, counted: true }))).toEqual({ ...task, counted: true });
  });

  it('has its place in the index by what it is', () => {
    expect(gatewayItem(gateway, 1)).toMatchObject({ freeShard: 'free#0', availableAt: nowMs });
    expect(callItem(call)).toMatchObject({ watchKey: 'calls#edge-1', watchAt: nowMs + 120_000 });
    expect(callItem({ ...call, state: 'waiting', waitingSince: nowMs })).toMatchObject({
      watchKey: 'waiting',
      watchAt: nowMs,
    });
    const ended = { ...call, state: 'ended', endedAt: nowMs } as const;
    const day = new Date(nowMs).toISOString().slice(0, 10);
    expect(callItem({ ...ended, outcome: 'cancelled' })).toMatchObject({
      watchKey: `ended#${day}`,
      watchAt: nowMs,
    });
    expect(callItem({ ...ended, outcome: 'no-answer' })).toMatchObject({ watchKey: `failed#${day}` });
  });

  it('that was written before items had a version is read as version 1', () => {
    const { v, ...old } = callItem(call);
    expect(v).toBe(1);
    expect(callOf(old, nowMs)).toEqual(call);
  });

  it('of a later version, or of another shape, is refused by its key and without its values', () => {
    expect(() => gatewayFrom({ ...gatewayItem(gateway, 1), v: 2 })).toThrow(UnreadableItem);
    const broken = { ...gatewayItem(gateway, 1), contact: { secret: 'x' } };
    expect(() => gatewayFrom(broken)).toThrow(/item GW#a\.mediagw\.1: contact/);
    expect(() => gatewayFrom(broken)).not.toThrow(/secret/);
  });

  it('that cannot be read does not hide the others of its list', () => {
    const told: string[] = [];
    const items = [gatewayItem(gateway, 1), { pk: 'GW#broken', v: 1 }];
    expect(readEach(items, gatewayFrom, ({ key }) => told.push(key))).toEqual([gateway]);
    expect(told).toEqual(['GW#broken']);
  });
});
