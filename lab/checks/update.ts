import { elasticIp } from '../network/plan.ts';
import { type Call, placeCall } from '../parties.ts';
import { type Check, pause, untilTrue } from './check.ts';

const callSec = 75;
const callAfterMs = 500;
const newCallEveryMs = 4000;
/** Beyond the longest call. */
const updateLimitSec = callSec + 120;

const failed = (calls: readonly Call[]) => calls.filter(({ status }) => status !== 0);
const texts = (calls: readonly Call[]) => calls.map(({ text }) => text).join('\n');

export const updateChecks: readonly Check[] = [
  {
    name: `an update in the middle of calls of ${callSec} s loses none, refuses no new one, and is over within ${updateLimitSec} s`,
    run: async (lab, domain) => {
      // Those before took gateways, which others take the place of.
      const few = await untilTrue(
        `${lab.minFree} free gateways`,
        async () => (await lab.api.freeGateways()) >= lab.minFree,
      );
      if (few) return few;
      const server = (n: number) => elasticIp((n % lab.services.length) + 1);
      const options = { namespace: 'public', domain };
      const held: Promise<Call>[] = [];
      // One after the other: how many begin at once is not the question here.
      for (let n = 0; n < lab.callsOfUpdate; n += 1) {
        held.push(placeCall({ ...options, server: server(n), durationSec: callSec }));
        await pause(callAfterMs);
      }
      const stuck = await untilTrue('all calls up', async () => (await lab.api.openCalls()) >= held.length);
      if (stuck) return stuck;
      const before = lab.services.flatMap(({ tasks }) => tasks);
      const beganAt = performance.now();
      for (const service of lab.services) service.update();
      const fresh: Promise<Call>[] = [];
      const isNew = () =>
        lab.services.every(({ isSteady, tasks }) => isSteady && !tasks.some((one) => before.includes(one)));
      for (let n = 0; !isNew() && performance.now() - beganAt < updateLimitSec * 1000; n += 1) {
        fresh.push(placeCall({ ...options, server: server(n), durationSec: 2 }));
        await pause(newCallEveryMs);
      }
      const tookSec = Math.round((performance.now() - beganAt) / 1000);
      const [lost, refused] = [failed(await Promise.all(held)), failed(await Promise.all(fresh))];
      if (lost.length + refused.length > 0)
        return `lost ${lost.length}, refused ${refused.length}: ${texts([...lost, ...refused])}`;
      return isNew() ? undefined : `not over after ${tookSec} s`;
    },
  },
];
