import { afterAll, beforeAll, describe, it } from 'vitest';
import { hasTool } from '../../support/process/tools.ts';
import { Sipp } from '../../support/sipp.ts';
import { unawaited } from '../../support/unawaited.ts';
import { type App, connectApp, join, startUnderTest, type UnderTest } from './support/under-test.ts';

/* SIPp, which none of us wrote, calls SIPp through the server and a bridge of drachtio-srf. */

let server: UnderTest;
let app: App;
let calleePort: number;

beforeAll(async () => {
  server = await startUnderTest();
  app = await connectApp(server, (srf) =>
    srf.invite(
      unawaited(async (request, response) => {
        const transport = request.protocol;
        try {
          const uac = await srf.createUAC(
            `sip:callee@127.0.0.1:${calleePort};transport=${transport}`,
            { localSdp: request.body ?? '' },
            { cbProvisional: (provisional) => provisional.status > 100 && response.send(provisional.status) },
          );
          join(await srf.createUAS(request, response, { localSdp: uac.remote.sdp }), uac);
        } catch (error) {
          response.send((error as { status?: number }).status ?? 500);
        }
      }),
    ),
  );
});
afterAll(async () => {
  app?.kill();
  await server?.stop();
});

describe.skipIf(!hasTool('sipp'))('SIPp calls SIPp', () => {
  it.each(['udp', 'tcp'] as const)('over %s, and every call is set up and ended', async (transport) => {
    const calls = { transport, calls: 30, perSec: 30 };
    const callee = await Sipp.start({ scenario: 'uas', ...calls });
    calleePort = callee.port;
    const caller = await Sipp.start({ scenario: 'uac', ...calls, target: server.sip, pauseMs: 200 });
    try {
      await Promise.all([caller.succeeded(), callee.succeeded()]);
    } finally {
      await Promise.all([caller.kill(), callee.kill()]);
    }
  });
});
