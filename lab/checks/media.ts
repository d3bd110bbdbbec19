import { hearTone } from '../media.ts';
import { elasticIp, insideNat, peeredAddress, stunAddress, turnIp } from '../network/plan.ts';
import { startStunServer } from '../turn.ts';
import type { Check } from './check.ts';

/* Whether a caller and its gateway hear each other, by the address that gateways tell. */

export const mediaAddresses = ['public', 'private', 'turn'] as const;
export type MediaAddress = (typeof mediaAddresses)[number];

const zones = [1, 2];

interface Caller {
  namespace: string;
  who: string;
  /** Its own, as its SDP has it. */
  address: string;
}

const open: Caller = { namespace: 'public', who: 'with a public address', address: '192.0.2.10' };
const natted: Caller = {
  namespace: 'kept',
  who: 'behind a NAT that keeps ports',
  address: insideNat,
};
const shut: Caller = {
  namespace: 'shut',
  who: 'behind a firewall that lets in what static addresses send alone',
  address: '192.0.2.40',
};
const peered: Caller = { namespace: 'peered', who: 'in a peered network', address: peeredAddress };

const callers: Record<MediaAddress, readonly Caller[]> = {
  public: [open, natted],
  private: [peered],
  turn: [open, natted, shut],
};

/** @returns the checks of a deployment whose gateways tell callers such an address */
export const mediaChecks = (mediaAddress: MediaAddress): readonly Check[] => [
  {
    name: 'callers have networks of their own',
    run: async ({ network, dir }) => {
      network.join('stun', `${stunAddress}/24`);
      startStunServer('stun', stunAddress, dir);
      network.join('public', '192.0.2.10/24');
      network.join('peered', `${peeredAddress}/24`);
      network.joinBehindNat('kept', '192.0.2.20/24', { keepsPorts: true });
      network.joinBehindFirewall(
        'shut',
        '192.0.2.40/24',
        zones.flatMap((zone) => [elasticIp(zone), turnIp(zone)]),
      );
      return undefined;
    },
  },
  ...callers[mediaAddress].flatMap(({ namespace, who, address }) =>
    zones.map(
      (zone): Check => ({
        name: `a caller ${who} hears its own tone by way of zone ${zone} (${mediaAddress})`,
        run: (_lab, domain) => hearTone({ namespace, address, zone, domain }),
      }),
    ),
  ),
];
