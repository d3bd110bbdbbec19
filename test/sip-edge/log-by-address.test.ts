import { expect, it } from 'vitest';
import { LogByAddress } from '../../sip-edge/telemetry/log-by-address.ts';
import { recordingLog } from './support/log.ts';

function setUp() {
  const clock = { time: 0, now: () => clock.time };
  const log = recordingLog();
  return { clock, log, byAddress: new LogByAddress(log, clock, 100) };
}

it('writes ten lines a minute for an address, and then how many it left out', () => {
  const { clock, log, byAddress } = setUp();
  for (let n = 0; n < 5000; n++) byAddress.warn('192.0.2.1', { n }, 'refused');
  byAddress.warn('192.0.2.2', {}, 'refused');
  expect(log.lines).toHaveLength(11);
  clock.time += 60_000;
  byAddress.warn('192.0.2.1', { n: 5000 }, 'refused');
  expect(log.lines.at(-1)).toMatchObject({ address: '192.0.2.1', n: 5000, untold: 4990 });
});

it('writes 600 lines a minute of all addresses, since a source is easily invented', () => {
  const { clock, log, byAddress } = setUp();
  for (let n = 0; n < 5000; n++) byAddress.warn(`198.18.${n >> 8}.${n % 256}`, {}, 'refused');
  expect(log.lines).toHaveLength(600);
  clock.time += 60_000;
  byAddress.warn('192.0.2.1', {}, 'refused');
  expect(log.lines.at(-1)).toMatchObject({ address: '192.0.2.1', untoldOfAll: 4400 });
});

it('cuts what comes from the network', () => {
  const { log, byAddress } = setUp();
  byAddress.warn('192.0.2.1', { uri: `sip:${'x'.repeat(60_000)}@h`, status: 400 }, 'refused');
  expect(JSON.stringify(log.lines).length).toBeLessThan(1000);
  expect(log.lines[0]).toMatchObject({ status: 400 });
});
