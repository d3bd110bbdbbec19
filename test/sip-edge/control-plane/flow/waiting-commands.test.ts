import { expect, it } from 'vitest';
import type { Urgency } from '../../../../sip-edge/control-plane/flow/urgency.ts';
import { type Waiting, WaitingCommands } from '../../../../sip-edge/control-plane/flow/waiting-commands.ts';

const start = 1_800_000_000_000;
const everywhere = () => 1000;

interface Named extends Waiting {
  name: string;
}

function waiting(...all: (Pick<Named, 'name' | 'urgency'> & Partial<Named>)[]) {
  const commands = new WaitingCommands<Named>();
  for (const one of all) commands.add({ since: start, ...one });
  return commands;
}
const namesOf = (commands: readonly Named[]) => commands.map(({ name }) => name).join(' ');

it('gives refreshes before new registrations, and calls last; each kind as it came', () => {
  const commands = waiting(
    { name: 'call-1', urgency: 'call' },
    { name: 'new', urgency: 'registration' },
    { name: 'call-2', urgency: 'call' },
    { name: 'waits', urgency: 'admitted' },
    { name: 'refresh', urgency: 'refresh' },
  );
  expect(namesOf(commands.take(4, everywhere).next)).toBe('refresh new waits call-1');
  expect(namesOf(commands.take(4, everywhere).next)).toBe('call-2');
  expect(commands.size).toBe(0);
});

it('gives of a kind no more than there is room for, with the more urgent ones of the batch', () => {
  const commands = waiting(
    ...['r1', 'r2', 'r3'].map((name) => ({ name, urgency: 'refresh' as const })),
    ...['n1', 'n2', 'n3'].map((name) => ({ name, urgency: 'registration' as const })),
  );
  const room: Record<Urgency, number> = { refresh: 5, registration: 4, admitted: 0, call: -3 };
  expect(namesOf(commands.take(25, (urgency) => room[urgency]).next)).toBe('r1 r2 r3 n1');
});

it('does not give what nobody waits for', () => {
  const commands = waiting(
    { name: 'gone', urgency: 'call', isGone: () => true },
    { name: 'there', urgency: 'call', isGone: () => false },
  );
  const { next, gone } = commands.take(1, everywhere);
  expect([namesOf(next), namesOf(gone)]).toEqual(['there', 'gone']);
});

it('gives up a new call after 50 ms, all else after five seconds', () => {
  const commands = waiting(
    { name: 'call', urgency: 'call' },
    { name: 'later', urgency: 'call', since: start + 1 },
    { name: 'waits', urgency: 'admitted' },
    { name: 'refresh', urgency: 'refresh' },
  );
  expect(commands.nextDeadline).toBe(start + 50);
  expect(commands.takeLate(start + 49)).toEqual([]);
  expect(namesOf(commands.takeLate(start + 50))).toBe('call');
  expect(namesOf(commands.takeLate(start + 4999))).toBe('later');
  expect(namesOf(commands.takeLate(start + 5000))).toBe('refresh waits');
  expect(commands.nextDeadline).toBeUndefined();
});

it('finds the one that a client has asked before, while it waits', () => {
  const commands = waiting(
    { name: 'first', urgency: 'refresh', key: 'a' },
    { name: 'other', urgency: 'refresh', key: 'b' },
  );
  expect(commands.takeEarlier('a')?.name).toBe('first');
  expect(commands.takeEarlier('a')).toBeUndefined();
  expect(namesOf(commands.take(25, everywhere).next)).toBe('other');
  expect(commands.takeEarlier('b')).toBeUndefined();
});

it('takes no more than five thousand of a kind', () => {
  const commands = waiting();
  const added = Array.from({ length: 5001 }, () =>
    commands.add({ name: 'n', urgency: 'refresh', since: start }),
  );
  expect(added.filter(Boolean)).toHaveLength(5000);
  expect(commands.add({ name: 'n', urgency: 'call', since: start })).toBe(true);
});
