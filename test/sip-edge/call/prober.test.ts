import { describe, expect, it } from 'vitest';
import { Bridge, type BridgeListener } from '../../../sip-edge/call/bridge.ts';
import { Leg } from '../../../sip-edge/call/leg/leg.ts';
import { Prober } from '../../../sip-edge/call/probe.ts';
import type { Srf } from '../../../sip-edge/drachtio/srf.ts';
import { systemClock } from '../../../sip-edge/ports.ts';
import { until } from '../../support/until.ts';
import { recordingLog } from '../support/log.ts';

/** drachtio without connections: it knows no dialog, and says so. */
function drachtioWithoutDialogs(): Srf {
  const noDialog = Object.assign(new Error('unable to find dialog'), { code: 'ENODIALOG' });
  const srf = {
    request: (_uri: string, _options: object, callback: (error: Error) => void) => {
      callback(noDialog);
    },
    addDialog: () => {},
    removeDialog: () => {},
  };
  return srf as unknown as Srf;
}

describe('probing', () => {
  it('goes on with all calls where ending one of them throws', async () => {
    const srf = drachtioWithoutDialogs();
    const log = recordingLog();
    const prober = new Prober({ intervalMs: 10, timeoutMs: 1000, misses: 3 }, { clock: systemClock, log });
    const ended: string[] = [];
    const bridge = (name: string, onEnd: BridgeListener['onEnd']) =>
      new Bridge(new Leg(srf, 'caller', `${name}-caller`), new Leg(srf, 'gateway', `${name}-gateway`), {
        onEnd,
        onAck: () => {},
        onUnsentBye: () => {},
        contactFor: () => ({}),
        bodyOf: ({ body }) => body,
      });
    const faulty = bridge('faulty', () => {
      throw new Error('a bug');
    });
    try {
      prober.probeNow([faulty]);
      await until('the error is logged', () => log.lines.some(({ event }) => event === 'probe-failed'));
      prober.probeNow([bridge('later', ({ outcome }) => ended.push(outcome))]);
      await until('the other call is probed', () => ended.length > 0);
      expect(ended).toEqual(['edge-lost']);
    } finally {
      prober.stop();
    }
  });
});
