import fc from 'fast-check';
import { expect, it } from 'vitest';
import { traceIdSchema } from '../../contracts/trace.ts';
import { isSampled, traceIdOf } from '../../sip-edge/telemetry/trace.ts';

const receivedAt = Date.parse('2026-11-27T18:00:00.123Z');

it('a trace id is of X-Ray’s form and time, whatever the Call-ID', () => {
  const times = fc.integer({ min: 0, max: 2 ** 32 * 1000 - 1 });
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), times, (callId, at) => {
      const id = traceIdSchema.parse(traceIdOf('edge-1', callId, at));
      expect(Number.parseInt(id.split('-')[1] ?? '', 16)).toBe(Math.floor(at / 1000));
    }),
  );
});

it('a trace id is the same for the same INVITE, and another for each other', () => {
  const id = traceIdOf('edge-1', 'call-1', receivedAt);
  expect(traceIdOf('edge-1', 'call-1', receivedAt)).toBe(id);
  const others = [
    traceIdOf('edge-2', 'call-1', receivedAt),
    traceIdOf('edge-1', 'call-2', receivedAt),
    traceIdOf('edge-1', 'call-1', receivedAt + 1),
  ];
  expect(new Set([id, ...others]).size).toBe(4);
});

it('of so many traces in a hundred X-Ray is told to keep them', () => {
  const ids = Array.from({ length: 2000 }, (_, n) => traceIdOf('edge-1', `call-${n}`, receivedAt));
  const kept = (percent: number) => ids.filter((id) => isSampled(id, percent)).length;
  expect(kept(0)).toBe(0);
  expect(kept(100)).toBe(2000);
  // The ids are fixed, so this holds always or never.
  expect(kept(5)).toBeGreaterThan(60);
  expect(kept(5)).toBeLessThan(140);
});
