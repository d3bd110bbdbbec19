import { expect, it } from 'vitest';
import { type HalfOpenCall, HalfOpenCalls } from '../../../sip-edge/admission/half-open.ts';

const halfOpenCalls = (exempt = '') =>
  new HalfOpenCalls({ halfOpenLimit: 6, trackedAddresses: 100 }, (address) => address === exempt);

/** As many INVITEs. @returns those that were let in */
function open(calls: HalfOpenCalls, address: string, invites: number): HalfOpenCall[] {
  return Array.from({ length: invites }, () => calls.open(address) ?? []).flat();
}

it('lets one stranger have half of what all may have, and takes it back as calls end', () => {
  const calls = halfOpenCalls();
  const first = open(calls, '192.0.2.1', 20);
  expect(first).toHaveLength(3);
  expect(open(calls, '192.0.2.2', 20)).toHaveLength(3);
  expect(open(calls, '192.0.2.3', 20)).toHaveLength(0);
  first[0]?.over(false);
  first[0]?.over(false);
  expect(open(calls, '192.0.2.3', 20)).toHaveLength(1);
  expect(calls.size).toBe(6);
});

it('counts the addresses of one IPv6 network as one', () => {
  const calls = halfOpenCalls();
  expect(open(calls, '2001:db8::1', 2)).toHaveLength(2);
  expect(open(calls, '2001:db8::2', 2)).toHaveLength(1);
});

it('lets who acknowledges have as many more, whatever strangers hold', () => {
  const calls = halfOpenCalls();
  for (const call of open(calls, '192.0.2.1', 3)) call.acknowledged();
  open(calls, '192.0.2.2', 3);
  open(calls, '192.0.2.3', 3);
  expect(open(calls, '192.0.2.4', 1)).toHaveLength(0);
  expect(open(calls, '192.0.2.1', 20)).toHaveLength(6);
});

it('halves the trust in a source for each answer that it never acknowledges', () => {
  const calls = halfOpenCalls();
  for (let n = 0; n < 8; n += 1) calls.open('192.0.2.1')?.acknowledged();
  for (const call of open(calls, '192.0.2.1', 2)) call.over(true);
  expect(open(calls, '192.0.2.1', 20)).toHaveLength(5);
});

it('does not count a call that waits, which then may have no gateway', () => {
  const calls = halfOpenCalls();
  const [waiting] = open(calls, '192.0.2.1', 1);
  waiting?.pause();
  const others = open(calls, '192.0.2.1', 20);
  expect(others).toHaveLength(3);
  expect(waiting?.resume()).toBe(false);
  others[0]?.over(false);
  expect(waiting?.resume()).toBe(true);
  expect(waiting?.resume()).toBe(true);
  expect(calls.size).toBe(3);
});

it('binds an exempt address by no limit, and strangers do not lose by it', () => {
  const calls = halfOpenCalls('10.0.0.1');
  expect(open(calls, '10.0.0.1', 50)).toHaveLength(50);
  expect(open(calls, '192.0.2.1', 20)).toHaveLength(3);
});
