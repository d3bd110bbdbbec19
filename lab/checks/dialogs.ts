import type { Lab } from '../lab.ts';
import { elasticIp, hostnameOf } from '../network/plan.ts';
import { placeCall } from '../parties.ts';
import { placeCallBySipp } from '../sipp.ts';
import { type Check, untilTrue } from './check.ts';

/* What goes within a call, and from which side it ends. */

const zones = [1, 2];
const transports = ['udp', 'tcp'] as const;
const caller = { namespace: 'public', address: '192.0.2.10' };
const crossingSec = 5;

const inCallChecks = zones.flatMap((zone) =>
  transports.map(
    (transport): Check => ({
      name: `a late offer, INFO and a re-INVITE reach the gateway by way of zone ${zone}, over ${transport.toUpperCase()}`,
      run: (_lab, domain) =>
        placeCallBySipp({
          ...caller,
          server: elasticIp(zone),
          domain,
          transport,
          scenario: 'lab/sipp/in-call',
        }),
    }),
  ),
);

const gatewayEndsChecks = zones.flatMap((zone) =>
  transports.map(
    (transport): Check => ({
      name: `a gateway that is stopped hangs up, and its caller hears it, by way of zone ${zone}, over ${transport.toUpperCase()}`,
      run: async (lab, domain) => {
        // The one before may be answered still for those who look.
        const open = await untilTrue('no call', async () => (await lab.api.openCalls()) === 0);
        if (open) return open;
        const call = placeCallBySipp({
          ...caller,
          server: elasticIp(zone),
          domain,
          transport,
          scenario: 'test/sipp/caller/answered-200-gateway-hangs-up',
        });
        const answered = async () => (await lab.api.calls()).find(({ state }) => state === 'answered');
        const stuck = await untilTrue('the call up', async () => (await answered()) !== undefined);
        if (stuck) return stuck;
        const { callId, gateway } = (await answered()) ?? {};
        const taskId = (await lab.api.gateways()).find(({ username }) => username === gateway)?.taskId;
        lab.stopGateway(taskId ?? '');
        const untold = await untilTrue('the end told', async () =>
          (await lab.api.calls()).some((one) => one.callId === callId && one.endedBy === 'gateway'),
        );
        return (await call) ?? untold;
      },
    }),
  ),
);

/** The edges that free gateways have registered at. */
async function freeByEdge({ api }: Lab): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { edgeId, state } of await api.gateways()) {
    if (state === 'free') counts.set(edgeId, (counts.get(edgeId) ?? 0) + 1);
  }
  return counts;
}

/** An edge prefers the gateways of its own: it gets so many calls that these are too few. */
const crossing: Check = {
  name: 'a gateway that has registered at one edge is called through the other',
  run: async (lab, domain) => {
    const full = await untilTrue('free gateways', async () => (await lab.api.freeGateways()) >= lab.minFree);
    if (full) return full;
    const free = await freeByEdge(lab);
    const edges = lab.services.map(({ deployed, addresses }) => {
      const names = addresses.map(hostnameOf);
      const own = [...free].filter(([edgeId]) => names.includes(edgeId)).map(([, count]) => count);
      return { zone: deployed.zone, free: own.reduce((sum, n) => sum + n, 0) };
    });
    const [fewest] = edges.toSorted((one, other) => one.free - other.free);
    const { zone, free: own } = fewest as (typeof edges)[number];
    const registeredAt = new Map(
      (await lab.api.gateways()).map(({ username, edgeId }) => [username, edgeId]),
    );
    const calls = await Promise.all(
      Array.from({ length: own + 1 }, () =>
        placeCall({ namespace: 'public', server: elasticIp(zone), domain, durationSec: crossingSec }),
      ),
    );
    const failed = calls.find(({ status }) => status !== 0);
    if (failed) return failed.text;
    const taken = (await lab.api.calls()).filter(({ callId }) =>
      calls.some(({ text }) => text.includes(callId)),
    );
    const isCrossed = taken.some(({ gateway, edgeId }) => {
      const home = gateway && registeredAt.get(gateway);
      return home !== undefined && home !== edgeId;
    });
    return isCrossed ? undefined : `none crossed: ${JSON.stringify(taken)}`;
  },
};

export const dialogChecks: readonly Check[] = [...inCallChecks, ...gatewayEndsChecks, crossing];
