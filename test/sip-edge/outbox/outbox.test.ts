import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { TestBus } from '../support/bus.ts';
import { callIds, downBus, names, OutboxSuite } from './support.ts';

const suite = new OutboxSuite();

describe('the outbox', () => {
  it('sends a fact at once, with version, id, edge and time', async () => {
    const bus = new TestBus();
    const { outbox, say } = suite.open(bus);
    say('call-1');
    await until('the fact', () => bus.facts.length === 1);
    expect(bus.facts[0]).toMatchObject({
      version: 1,
      edgeId: 'edge',
      callId: 'call-1',
      type: 'call.cancelled',
    });
    await until('its end', () => outbox.pending === 0);
  });

  it('tells for how long the oldest fact has been waiting', async () => {
    const bus = downBus();
    const { outbox } = suite.open(bus);
    expect(outbox.delayMs).toBe(0);
    outbox.publish({
      type: 'call.cancelled',
      callId: 'late',
      gatewayAnswered: false,
      at: Date.now() - 90_000,
    });
    expect(outbox.delayMs).toBeGreaterThanOrEqual(90_000);
    bus.behaviour = undefined;
    await until('its end', () => outbox.pending === 0);
    expect(outbox.delayMs).toBe(0);
  });

  it('collects while a batch is in flight, and sends ten at most at a time', async () => {
    const bus = new TestBus();
    bus.behaviour = 'hold';
    const { outbox, say } = suite.open(bus);
    say('first');
    await new Promise((resolve) => setImmediate(resolve));
    for (const callId of names(25)) say(callId);
    bus.release();
    await until('all of them', () => {
      bus.release();
      return outbox.pending === 0;
    });
    expect(Math.max(...bus.batches.map((batch) => batch.length))).toBe(10);
    expect(callIds(bus).toSorted()).toEqual(['first', ...names(25)].toSorted());
  });

  it('sends again only the entries that the bus did not take', async () => {
    const bus = new TestBus();
    let throttled = 2;
    bus.behaviour = (fact) => {
      const isSecond = 'callId' in fact && fact.callId === 'call-2';
      if (!isSecond || throttled === 0) return { result: 'sent' };
      throttled -= 1;
      return { result: 'again', why: 'ThrottlingException' };
    };
    const { outbox, log, say } = suite.open(bus);
    for (const callId of names(3)) say(callId);
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-1', 'call-3', 'call-2']);
    expect(log.lines.filter(({ event }) => event === 'facts-delayed')).toHaveLength(2);
  });

  it('logs whole the fact that the bus will never take, and goes on', async () => {
    const bus = new TestBus();
    bus.behaviour = (fact) =>
      'callId' in fact && fact.callId === 'call-1'
        ? { result: 'never', why: 'MalformedDetail' }
        : { result: 'sent' };
    const { outbox, log, say } = suite.open(bus);
    say('call-1');
    say('call-2');
    await until('the end', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(['call-2']);
    const [line] = log.lines.filter(({ event }) => event === 'fact-rejected');
    expect(line).toMatchObject({ callId: 'call-1', why: 'MalformedDetail' });
    expect(JSON.parse(String(line?.detail))).toMatchObject({ callId: 'call-1' });
  });
});

describe('the outbox is bounded:', () => {
  it('beyond its size the oldest fact is given up, and logged', async () => {
    const bus = downBus();
    const { outbox, log, say } = suite.open(bus, 1000);
    for (const callId of names(20)) say(callId);
    const kept = outbox.pending;
    expect(kept).toBeLessThan(20);
    expect(log.lines.filter(({ event }) => event === 'outbox-full')[0]).toMatchObject({ callId: 'call-1' });
    bus.behaviour = undefined;
    await until('the rest', () => outbox.pending === 0);
    expect(callIds(bus)).toEqual(names(20).slice(-kept));
  });

  it('the file is emptied once all is sent', async () => {
    const bus = new TestBus();
    const { outbox, say } = suite.open(bus);
    for (const callId of names(1000)) say(callId);
    await until('the end', () => outbox.pending === 0);
    expect(statSync(suite.file).size).toBeLessThan(64 * 1024 + 1);
  });

  it('the file is rewritten when little of it is still to be sent', async () => {
    const bus = new TestBus();
    bus.behaviour = (fact) =>
      'callId' in fact && fact.callId === 'stuck' ? { result: 'again', why: 'busy' } : { result: 'sent' };
    const { outbox, say } = suite.open(bus);
    say('stuck');
    for (const callId of names(6000)) say(callId);
    await until('all but one', () => outbox.pending === 1);
    expect(statSync(suite.file).size).toBeLessThan(1024 * 1024);
    await outbox.close(0);

    const next = new TestBus();
    suite.open(next);
    await until('the last', () => next.facts.length > 0);
    expect(callIds(next)).toEqual(['stuck']);
  });
});
