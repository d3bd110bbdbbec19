import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../../local/aws/events/pattern.ts';
import { periodMs } from '../../../../local/aws/events/schedule.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';

const event: JsonObject = {
  source: 'switchroom.edge',
  'detail-type': 'call.ended',
  resources: ['arn:a', 'arn:b'],
  detail: {
    callId: 'abc@host',
    attempt: 2,
    gateway: { name: 'gw.1' },
    failed: [{ cause: 'silent' }],
    note: null,
  },
};

/* The rules of "Creating Amazon EventBridge event patterns" and "Comparison operators". */
const cases: [string, JsonObject, boolean][] = [
  ['an exact value', { source: ['switchroom.edge'] }, true],
  ['one of several values', { 'detail-type': ['call.failed', 'call.ended'] }, true],
  ['no such value', { source: ['aws.ecs'] }, false],
  ['all keys, not some', { source: ['switchroom.edge'], 'detail-type': ['call.failed'] }, false],
  ['a nested value', { detail: { gateway: { name: ['gw.1'] } } }, true],
  ['a nested value that differs', { detail: { gateway: { name: ['gw.2'] } } }, false],
  ['a key that is not there', { detail: { nobody: ['x'] } }, false],
  ['any value of an array in the event', { resources: ['arn:b'] }, true],
  ['objects in an array of the event', { detail: { failed: { cause: ['silent'] } } }, true],
  ['numbers as numbers', { detail: { attempt: [2] } }, true],
  ['numbers not as text', { detail: { attempt: ['2'] } }, false],
  ['null', { detail: { note: [null] } }, true],
  ['a prefix', { 'detail-type': [{ prefix: 'call.' }] }, true],
  ['another prefix', { 'detail-type': [{ prefix: 'gateway.' }] }, false],
  ['a prefix whatever its case', { 'detail-type': [{ prefix: { 'equals-ignore-case': 'CALL' } }] }, true],
  ['a suffix', { detail: { callId: [{ suffix: '@host' }] } }, true],
  ['a value whatever its case', { 'detail-type': [{ 'equals-ignore-case': 'Call.Ended' }] }, true],
  ['a wildcard', { detail: { callId: [{ wildcard: 'a*@h*t' }] } }, true],
  ['a wildcard that takes dots as dots', { 'detail-type': [{ wildcard: 'callXend*' }] }, false],
  ['anything but', { source: [{ 'anything-but': 'aws.ecs' }] }, true],
  ['anything but what is there', { source: [{ 'anything-but': ['switchroom.edge'] }] }, false],
  ['anything but a prefix', { source: [{ 'anything-but': { prefix: 'switchroom' } }] }, false],
  ['anything but, of an array with it', { resources: [{ 'anything-but': 'arn:a' }] }, false],
  ['anything but, of what is not there', { detail: { nobody: [{ 'anything-but': 'x' }] } }, false],
  ['what exists', { detail: { callId: [{ exists: true }] } }, true],
  ['what must not exist', { detail: { callId: [{ exists: false }] } }, false],
  ['what is absent', { detail: { nobody: [{ exists: false }] } }, true],
  ['an object, which is no leaf', { detail: { gateway: [{ exists: true }] } }, false],
  ['a number in a range', { detail: { attempt: [{ numeric: ['>', 1, '<=', 2] }] } }, true],
  ['a number outside', { detail: { attempt: [{ numeric: ['>', 2] }] } }, false],
  ['a value or another operator', { detail: { attempt: [7, { numeric: ['=', 2] }] } }, true],
  ['one branch of $or', { $or: [{ source: ['aws.ecs'] }, { detail: { attempt: [2] } }] }, true],
  ['no branch of $or', { $or: [{ source: ['aws.ecs'] }, { detail: { attempt: [3] } }] }, false],
];

describe('an event pattern', () => {
  it.each(cases)('%s', (_what, pattern, expected) => {
    expect(compilePattern(pattern)(event)).toBe(expected);
  });

  it('names an operator that it does not know', () => {
    expect(() => compilePattern({ detail: { ip: [{ cidr: '10.0.0.0/8' }] } })).toThrow(/"cidr"/);
  });
});

describe('a schedule', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s', (expression, expected) => {
    expect(periodMs(expression, 'Rule')).toBe(expected);
  });

  it.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'rate(1 week)'])(
    'names %s, which is not played',
    (expression) => {
      expect(() => periodMs(expression, 'Rule')).toThrow(
        `Rule: the local cloud does not know the schedule ${expression}`,
      );
    },
  );
});
