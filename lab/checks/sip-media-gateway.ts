import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../local/aws/template.ts';
import type { Lab } from '../lab.ts';
import { elasticIp, hostnameOf, peeredAddress } from '../network/plan.ts';
import { placeCall } from '../parties.ts';
import { type Check, untilTrue } from './check.ts';

/* Whether Renater's SIPMediaGW, started by the task definition's own command and variables, takes calls. */

/** Its browser takes some seconds before it says something. */
const callSec = 15;

const peered: Check = {
  name: 'a caller has a network that is peered with that of the gateways',
  run: async ({ network }) => {
    network.join('peered', `${peeredAddress}/24`);
    return undefined;
  },
};

/** @param isOwn whether the call comes by way of the edge that the gateway has registered at, or by the other one */
function callChecks(isOwn: boolean): readonly Check[] {
  let taskId = '';
  const task = ({ cloud, deployed }: Lab) =>
    cloud.tasks.describeTasks({ cluster: deployed.gateways.cluster, tasks: [taskId] }).tasks[0];
  return [
    {
      name: `SIPMediaGW answers by way of ${isOwn ? 'the edge that it has registered at' : 'the other edge'}, and is heard`,
      run: async ({ api, services }, domain) => {
        const [gateway] = await api.gateways();
        taskId = gateway?.taskId ?? '';
        const home = services.find(({ addresses }) =>
          addresses.some((address) => hostnameOf(address) === gateway?.edgeId),
        );
        const zone = services.find((one) => (one === home) === isOwn)?.deployed.zone ?? 0;
        const call = { namespace: 'peered', server: elasticIp(zone), domain, durationSec: callSec };
        const { status, text } = await placeCall(call);
        const heard = Number(/"heardPackets":(\d+)/.exec(text)?.[1] ?? 0);
        return status === 0 && heard > 0 ? undefined : text;
      },
    },
    {
      name: 'it reads the room and the name of its caller',
      run: async ({ dir }) => {
        const log = readFileSync(join(dir, 'logs', `task-${taskId}.log`), 'utf8');
        const missing = [/Call prefix: 1234$/m, /My name: \S/].filter((line) => !line.test(log));
        return missing.length === 0 ? undefined : `${missing.join(', ')} not in:\n${log}`;
      },
    },
    {
      name: 'after the call its container ends by itself, its location goes, and another takes its place',
      run: async (lab) => {
        const stays = await untilTrue('its end', () => task(lab)?.lastStatus === 'STOPPED');
        if (stays) return stays;
        const [container] = (task(lab)?.containers ?? []) as JsonObject[];
        if (container?.exitCode !== 0) return `it ended with ${container?.exitCode}`;
        return untilTrue('another gateway alone', async () => {
          const gateways = await lab.api.gateways();
          return gateways.length >= 1 && !gateways.some((one) => one.taskId === taskId);
        });
      },
    },
  ];
}

export const sipMediaGwChecks: readonly Check[] = [peered, ...[true, false].flatMap(callChecks)];
