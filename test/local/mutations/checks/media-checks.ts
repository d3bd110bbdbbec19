import { randomUUID } from 'node:crypto';
import { passwordOf } from '../../../../lambdas/functions/api/gateways/password.ts';
import { containerNamed } from '../../../../local/aws/ecs/task-definition.ts';
import { secretArnIn } from '../../../../local/aws/secrets.ts';
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
      const { MEDIA_REPORT_SECRET: from = '' } = secrets;
      // A gateway that started after a rotation: the function, which remembers the secret, must read it again.
      const current = randomUUID();
      const SecretString = JSON.stringify({ current, previous: cloud.secrets.containerValue(from) });
      cloud.secrets.putSecretValue({ SecretId: secretArnIn(from), SecretString });
      const post = () =>
        fetch(environment.MEDIA_REPORT_URL ?? '', {
          method: 'POST',
          headers: { authorization: `Basic ${btoa(`${gateway}:${passwordOf(gateway, current)}`)}` },
          body: JSON.stringify({
            call: {
              callSession: {},
              details: { destination: { destinationGw: gateway } },
              mediaStats: streams,
            },
          }),
        });
      await plane.until(`${environment.MEDIA_REPORT_URL} takes the report`, async () => {
        const answer = await post();
        // Nor has it read the secret yet where it is asked more often than the route takes.
        if (answer.ok || [401, 429].includes(answer.status)) return answer.ok;
        throw new Error(`${environment.MEDIA_REPORT_URL} answers ${answer.status}: ${await answer.text()}`);
      });
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
