import { misledPackets } from '../network/counters.ts';
import { elasticIp, insideNat } from '../network/plan.ts';
import { placeCall, placeCallByName, placeCallOverTls } from '../parties.ts';
import { placeCallBySipp } from '../sipp.ts';
import { type Check, untilTrue } from './check.ts';

const forgetfulSec = 30;
/** Of its packets, there and back: more than a bad wireless network loses. */
const lostPercent = 20;
/** Longer than three probes of the edge take to find a caller gone. */
const longCallSec = 240;

/** Each kind of caller, by a way of its own. The edge is reached by what the caller sends to, and answers from there. */
const callers = [
  { namespace: 'public', who: 'with a public address', join: 'public' },
  { namespace: 'natted', who: 'behind a NAT that changes ports', join: 'nat' },
  {
    namespace: 'shut',
    who: 'behind a firewall that lets in what its Elastic IP sends alone',
    join: 'firewall',
  },
] as const;

const call = (namespace: string, zone: number, domain: string, transport: 'udp' | 'tcp', durationSec = 2) =>
  placeCall({ namespace, server: elasticIp(zone), domain, transport, durationSec });

export const callerChecks: readonly Check[] = [
  {
    name: 'callers have networks of their own',
    run: async ({ network }) => {
      network.join('public', '192.0.2.10/24');
      network.joinBehindNat('natted', '192.0.2.20/24');
      network.joinBehindNat('forgetful', '192.0.2.30/24', { forgetsAfterSec: forgetfulSec });
      network.joinBehindNat('lossy', '192.0.2.50/24', { keepsPorts: true, lostPercent });
      network.joinBehindFirewall('shut', '192.0.2.40/24', [elasticIp(1), elasticIp(2)]);
      return undefined;
    },
  },
  ...callers.flatMap(({ namespace, who }) =>
    [1, 2].flatMap((zone) =>
      (['udp', 'tcp'] as const).map(
        (transport): Check => ({
          name: `a caller ${who} talks by way of zone ${zone}, over ${transport.toUpperCase()}`,
          run: async (_lab, domain) => {
            const { status, text } = await call(namespace, zone, domain, transport);
            return status === 0 ? undefined : text;
          },
        }),
      ),
    ),
  ),
];

/** Over UDP: TCP brings everything, or the connection ends. */
export const lossyChecks: readonly Check[] = [1, 2].map((zone) => ({
  name: `three calls that lose ${lostPercent} % of their packets stand and end by way of zone ${zone}`,
  run: async ({ api }, domain) => {
    for (let n = 0; n < 3; n += 1) {
      const wrong = await placeCallBySipp({
        namespace: 'lossy',
        address: insideNat,
        server: elasticIp(zone),
        domain,
        transport: 'udp',
        scenario: 'lab/sipp/lossy',
        isLossy: true,
      });
      if (wrong) return wrong;
    }
    return untilTrue('no call', async () => (await api.openCalls()) === 0);
  },
}));

export const nameCheck: Check = {
  name: 'baresip finds the edges by the domain alone, and talks',
  run: async (_lab, domain) => placeCallByName({ namespace: 'public', domain, durationSec: 3 }, '192.0.2.10'),
};

/** Of drachtio alone: ours knows no TLS. */
export const tlsChecks: readonly Check[] = [1, 2].map((zone) => ({
  name: `baresip talks over TLS by way of zone ${zone}`,
  run: async (_lab, domain) =>
    placeCallOverTls({ namespace: 'public', server: elasticIp(zone), domain, durationSec: 3 }, '192.0.2.10'),
}));

export const strangerCheck: Check = {
  name: 'a caller whose address is not allowed reaches nobody',
  run: async ({ network }, domain) => {
    network.join('stranger', '192.88.99.10/24');
    const { steps } = await call('stranger', 1, domain, 'udp');
    return steps.join() === 'calling,failed' ? undefined : steps.join();
  },
};

/** Goes on beside the others, since it takes its time. */
export const longCall: Check = {
  name: `a call of ${longCallSec} s behind a NAT that forgets a UDP flow after ${forgetfulSec} s ends when its caller hangs up`,
  run: async (lab, domain) => {
    const ended: { callId: string; afterSec: number }[] = [];
    const beganAt = performance.now();
    lab.cloud.buses.observe(({ 'detail-type': type, detail }) => {
      const afterSec = Math.round((performance.now() - beganAt) / 1000);
      if (type === 'call.ended') ended.push({ callId: String(detail.callId), afterSec });
    });
    const { status, text } = await call('forgetful', 2, domain, 'udp', longCallSec);
    const isTold = () => ended.some(({ callId }) => text.includes(callId));
    const untold = await untilTrue('the end told by the edge', isTold);
    // A caller that does not hear that its call has ended would take it for good.
    const own = ended.find(({ callId }) => text.includes(callId));
    const isGood = status === 0 && own !== undefined && own.afterSec >= longCallSec;
    return isGood ? undefined : (untold ?? `it ended after ${own?.afterSec} s: ${text}`);
  },
};

export const misled: Check = {
  name: 'no SIP came from an address that its receiver did not send to, and none of a gateway left the network',
  run: async () => {
    const { strays, detours } = misledPackets();
    return strays === 0 && detours === 0 ? undefined : JSON.stringify({ strays, detours });
  },
};
