import { describe, expect, it } from 'vitest';
import { AddressLimits } from '../../../sip-edge/admission/limits.ts';

describe('the limits', () => {
  const limitsOf = (changes = {}) => {
    const clock = { time: 1_800_000_000_000, now: () => clock.time };
    const policy = {
      addressRatePerSec: 10,
      addressBurst: 20,
      banAfterFailures: 3,
      banWindowSec: 60,
      banSec: 300,
      trackedAddresses: 100,
      ...changes,
    };
    return { clock, limits: new AddressLimits(policy, clock) };
  };
  const takes = (limits: AddressLimits, address: string, count: number) =>
    Array.from({ length: count }, () => limits.take(address));

  it('give back what time brings', () => {
    const { clock, limits } = limitsOf();
    expect(takes(limits, 'a', 21)).toEqual([...Array(20).fill('ok'), 'over']);
    clock.time += 500;
    expect(takes(limits, 'a', 6)).toEqual([...Array(5).fill('ok'), 'over']);
    expect(limits.take('b')).toBe('ok');
  });

  it('see one source in all addresses of an IPv6 network of 64 bits', () => {
    const { limits } = limitsOf();
    takes(limits, '2001:db8:0:1::1', 20);
    expect(limits.take('2001:db8::1:ffff:0:0:2')).toBe('over');
    expect(limits.take('2001:db8:0:2::1')).toBe('ok');
    takes(limits, '::ffff:10.0.0.1', 20);
    expect(limits.take('10.0.0.1')).toBe('over');
  });

  it('ban an address and a user for a while, after wrong answers close together', () => {
    const { clock, limits } = limitsOf();
    limits.countWrongAnswer('user', 'a');
    limits.countWrongAnswer('user', 'a');
    clock.time += 60_000;
    limits.countWrongAnswer('user', 'a');
    expect(limits.isBanned('a')).toBe(false);
    limits.countWrongAnswer('user', 'b');
    limits.countWrongAnswer('user', 'a');
    expect([limits.isBanned('a'), limits.isUserBanned('user', 'c')]).toEqual([false, true]);
    limits.countWrongAnswer('other', 'a');
    expect([limits.isBanned('a'), limits.isUserBanned('other', 'c')]).toEqual([true, false]);
    clock.time += 300_000;
    expect([limits.isBanned('a'), limits.isUserBanned('user', 'c')]).toEqual([false, false]);
  });

  it('lock nobody out where a name is guessed at from elsewhere', () => {
    const { limits } = limitsOf();
    limits.countRightAnswer('room', 'home');
    for (const guesser of ['a', 'b', 'c']) limits.countWrongAnswer('room', guesser);
    expect([limits.isUserBanned('room', 'home'), limits.isUserBanned('room', 'd')]).toEqual([false, true]);
    limits.countRightAnswer('room', 'moved');
    for (const guesser of ['a', 'b', 'c']) limits.countWrongAnswer('room', guesser);
    expect([limits.isUserBanned('room', 'home'), limits.isUserBanned('room', 'moved')]).toEqual([
      true,
      false,
    ]);
  });

  it('remember no more sources than they may', () => {
    const { limits } = limitsOf({ trackedAddresses: 2 });
    takes(limits, 'a', 21);
    expect(limits.take('a')).toBe('over');
    limits.take('b');
    limits.take('c');
    expect(limits.take('a')).toBe('ok');
  });
});
