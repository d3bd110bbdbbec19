import { elasticIp } from '../network/plan.ts';
import { placeCall, placeCallByName } from '../parties.ts';
import { type Check, pause, untilTrue } from './check.ts';

/** Far longer than the load balancer and ECS take to replace what they find unhealthy. */
const outageSec = 300;

export const outageChecks: readonly Check[] = [
  {
    name: `without a control plane for ${outageSec} s no edge is replaced, and no call ends`,
    run: async (lab, domain) => {
      const options = { namespace: 'public', server: elasticIp(1), domain };
      const before = lab.services.flatMap(({ tasks }) => tasks);
      const held = placeCall({ ...options, durationSec: outageSec + 15 });
      const stuck = await untilTrue('the call up', async () => (await lab.api.openCalls()) >= 1);
      if (stuck) return stuck;
      lab.cutOff(true);
      const refused = await placeCall({ ...options, durationSec: 1 });
      await pause(outageSec * 1000);
      lab.cutOff(false);
      const { status, text } = await held;
      const after = lab.services.flatMap(({ tasks }) => tasks);
      if (status !== 0) return `the call ended: ${text}`;
      if (!refused.text.includes('503')) return `a new call was not refused by 503: ${refused.text}`;
      if (before.some((task) => !after.includes(task))) return 'an edge was replaced';
      // All gateways ask at once when it is back.
      return untilTrue(
        'a call after it',
        async () => (await placeCall({ ...options, durationSec: 1 })).status === 0,
      );
    },
  },
  {
    name: 'where a zone dies its calls end as edge-lost, its gateways come to the other, and new callers are served there',
    run: async (lab, domain) => {
      const call = placeCall({ namespace: 'public', server: elasticIp(1), domain, durationSec: 600 });
      const up = await untilTrue('the call up', async () => (await lab.api.openCalls()) >= 1);
      if (up) return up;
      lab.services.find(({ deployed }) => deployed.zone === 1)?.die();
      const lost = async () => (await lab.api.calls()).find(({ outcome }) => outcome === 'edge-lost');
      const unseen = await untilTrue('a call that is edge-lost', async () => (await lost()) !== undefined);
      void call;
      const other = await placeCall({ namespace: 'natted', server: elasticIp(2), domain, durationSec: 2 });
      if (unseen ?? other.status !== 0) return unseen ?? other.text;
      const gateway = (await lost())?.gateway;
      return untilTrue(`${gateway} free or gone`, async () =>
        (await lab.api.gateways()).every(({ username, state }) => username !== gateway || state === 'free'),
      );
    },
  },
  {
    name: 'DNS leaves the dead zone out within its times, and baresip reaches the other by name',
    run: async ({ publicZone }, domain) => {
      const named = () => (publicZone.lookUp(domain) ?? []).filter(({ type }) => type === 'A');
      const isOut = () => named().length === 1;
      const late = await untilTrue('one zone in DNS', isOut, publicZone.limitSec * 1000);
      return late ?? placeCallByName({ namespace: 'public', domain, durationSec: 3 }, '192.0.2.10');
    },
  },
];
