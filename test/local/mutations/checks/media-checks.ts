import { gatewayDoor } from '../../../../contracts/api/routes.ts';
import { passwordOf } from '../../../../lambdas/functions/api/gateways/password.ts';
import { containerNamed } from '../../../../local/aws/ecs/task-definition.ts';
import { gatewayContainer } from '../control-plane.ts';
import { type Check, compare, upCall } from './check.ts';

const streams = { audio: { tx: { packets: 100, lostPackets: 1, packetReports: 100 }, rx: {} }, video: [] };

/** How the media of calls went. */
export const mediaChecks: readonly Check[] = [
  {
    name: 'a gateway tells how the media of its call went, by what its task is told',
    run: async (plane) => {
      const { cloud, gatewayDefinition } = plane;
      const { call, gateway } = await upCall(plane);
      const { environment, secrets } = containerNamed(gatewayDefinition, gatewayContainer);
      const { ApiAddress } = cloud.stack.outputs;
      compare(gatewayDefinition.family, environment, {
        MEDIA_REPORT_URL: `${ApiAddress}${gatewayDoor}/media-reports`,
      });
      const { MEDIA_REPORT_SECRET: from } = secrets;
      if (from === undefined) throw new Error(`${gatewayDefinition.family}: MEDIA_REPORT_SECRET is not set`);
      const password = passwordOf(gateway, cloud.secrets.containerValue(from));
      const answer = await fetch(environment.MEDIA_REPORT_URL ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${btoa(`${gateway}:${password}`)}`,
        },
        body: JSON.stringify({
          call: {
            callSession: {},
            details: { destination: { destinationGw: gateway } },
            mediaStats: streams,
          },
        }),
      });
      if (answer.status !== 200) {
        const said = `${environment.MEDIA_REPORT_URL} answers ${answer.status}: ${await answer.text()}`;
        throw new Error([said, ...plane.troubles].join('\n'));
      }
      const { items } = await plane.api<{ items: { id: string }[] }>(`/calls?callId=${call}`);
      const { media } = await plane.api<{ media?: { streams: object[] } }>(`/calls/${items[0]?.id}`);
      compare(
        'the media',
        { streams: media?.streams },
        {
          streams: [{ kind: 'audio', sent: { packets: 100, lost: 1, lossPercent: 1 } }],
        },
      );
    },
  },
];
