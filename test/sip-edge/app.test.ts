import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { EdgeApp } from '../../sip-edge/app.ts';
import { WatchedControlPlane } from '../../sip-edge/control-plane/watched-control-plane.ts';
import { createSrf, type Srf } from '../../sip-edge/drachtio/srf.ts';
import { type ControlPlane, steadyClock, systemClock } from '../../sip-edge/ports.ts';
import { readSettings } from '../../sip-edge/settings.ts';
import { neededEnvironment } from './support/environment.ts';
import { recordingLog } from './support/log.ts';

// No server can be made to lose its connection between two statements of the application.
vi.mock('../../sip-edge/drachtio/srf.ts', () => ({ createSrf: vi.fn() }));

it('serves on the next connection where one is gone before drachtio has the routes', async () => {
  const answers = [
    () => {
      throw new Error('no connection');
    },
    () => Promise.reject(new Error('unable to find dialog')),
  ];
  const srf = Object.assign(new EventEmitter(), {
    use: () => {},
    register: () => {},
    options: () => {},
    invite: () => {},
    request: () => answers.shift()?.(),
    connect: () => {},
    disconnect: () => srf.emit('close'),
  });
  vi.mocked(createSrf).mockReturnValue(srf as unknown as Srf);
  const log = recordingLog();
  const meter = { count: () => {} };
  const app = new EdgeApp({
    settings: readSettings(neededEnvironment),
    controlPlane: new WatchedControlPlane({} as ControlPlane, systemClock, meter),
    facts: { publish: () => {} },
    secrets: { secrets: ['secret'], refreshAfterMismatch: async () => false },
    endpoints: undefined,
    clock: systemClock,
    steadyClock,
    log,
    meter,
    hasLeft: undefined,
    createCalls: () => ({
      invite: () => {},
      endEarly: () => false,
      onGatewayLost: () => {},
      onHangup: () => {},
      onMatched: () => {},
      takeOver: () => {},
      activeCalls: 0,
      endAll: () => {},
      close: () => {},
    }),
  });
  const connected = app.connect();
  srf.emit('connect', null, 'udp/127.0.0.1:1');
  srf.emit('connect', null, 'udp/127.0.0.1:2');
  expect(await connected).toBe('udp/127.0.0.1:2');
  expect(log.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', event: 'drachtio-error', error: new Error('no connection') }),
  );
  await app.close();
});
