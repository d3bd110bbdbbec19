/*
 * The rules of the core, as nftables take them: the load balancers, the internet gateway, and the security groups of the
 * template. A pure function: what it is given is what holds.
 */

/** A rule of a security group: who may send what. */
export interface Ingress {
  group: string;
  /** `tcp`, `udp`. */
  protocol: string;
  fromPort: number;
  toPort: number;
  /** Either of them. */
  cidr?: string;
  sourceGroup?: string;
}

/** A task, or a gateway: an interface in the network. */
export interface Interface {
  address: string;
  publicAddress: string;
  group: string;
}

/** What arrives at a port of a static address. */
export interface Listener {
  address: string;
  /** Group of the load balancer. */
  group: string;
  port: number;
  protocols: readonly string[];
  /** Addresses that take new flows. */
  targets: readonly string[];
}

export interface World {
  /** CIDR of the network. */
  network: string;
  /** From which the load balancers check their targets. */
  nodes: readonly string[];
  ingress: readonly Ingress[];
  interfaces: readonly Interface[];
  listeners: readonly Listener[];
  /** `address:port` that nobody reaches: AWS is down. */
  cutOff: string | undefined;
}

const ports = ({ protocol, fromPort, toPort }: Ingress) => `${protocol} dport ${fromPort}-${toPort}`;

function forward({ listeners }: World): string[] {
  return listeners.flatMap(({ address, port, protocols, targets }) => {
    if (targets.length === 0) return [];
    const spread = targets.map((target, index) => `${index} : ${target}`).join(', ');
    return protocols.map(
      (protocol) =>
        `ip daddr ${address} ${protocol} dport ${port} dnat to numgen inc mod ${targets.length} map { ${spread} }`,
    );
  });
}

/** What a packet has to be that a rule lets in. */
function conditions(rule: Ingress, world: World): string[] {
  if (rule.cidr !== undefined) return [`ip saddr ${rule.cidr}`];
  const balancers = world.listeners.filter(({ group }) => group === rule.sourceGroup);
  if (balancers.length > 0) {
    // The load balancer keeps the address of the caller, and lets in whom its own group lets in.
    const callers = world.ingress.filter(
      ({ group, protocol, fromPort, toPort }) =>
        group === rule.sourceGroup &&
        protocol === rule.protocol &&
        fromPort <= rule.toPort &&
        rule.fromPort <= toPort,
    );
    const through = balancers.flatMap(({ address }) =>
      callers.map(({ cidr }) => `ct original ip daddr ${address} ip saddr ${cidr}`),
    );
    return [...new Set(through), `ip saddr { ${world.nodes.join(', ')} }`];
  }
  const members = world.interfaces.filter(({ group }) => group === rule.sourceGroup);
  return members.length === 0 ? [] : [`ip saddr { ${members.map(({ address }) => address).join(', ')} }`];
}

function admit(world: World): string[] {
  return world.interfaces.flatMap(({ address, group }) =>
    world.ingress
      .filter((rule) => rule.group === group)
      .flatMap((rule) =>
        conditions(rule, world).map((from) => `ip daddr ${address} ${ports(rule)} ${from} accept`),
      ),
  );
}

/** @returns the text for `nft -f`, which takes the place of the rules before; what the kernel knows of flows stays */
export function rulesOf(world: World): string {
  const { network, interfaces, cutOff } = world;
  const lines = (of: readonly string[]) => of.map((line) => `    ${line}`).join('\n');
  const owned = interfaces.map(({ address, publicAddress }) => ({ address, publicAddress }));
  return `table ip core
delete table ip core
table ip core {
  chain arriving {
    type nat hook prerouting priority dstnat;
${lines(forward(world))}
${lines(owned.map(({ address, publicAddress }) => `ip daddr ${publicAddress} dnat to ${address}`))}
  }
  chain passing {
    type filter hook forward priority filter; policy drop;
${lines(cutOff === undefined ? [] : [`ip daddr ${cutOff.replace(':', ' tcp dport ')} drop`])}
    ct state established,related accept
    ip daddr != ${network} accept
    ip daddr { ${world.nodes.join(', ')} } accept
    udp dport 53 accept
${lines(admit(world))}
  }
  chain leaving {
    type nat hook postrouting priority srcnat;
${lines(
  owned.map(
    ({ address, publicAddress }) =>
      `ip saddr ${address} ip daddr != { ${network}, 198.18.0.0/16 } snat to ${publicAddress}`,
  ),
)}
  }
}
`;
}

/**
 * Counts what must never be, from the first packet to the last.
 * @param elastic the static addresses
 * @returns the text for `nft -f`
 */
export function countersOf(network: string, elastic: readonly string[]): string {
  const callers = `ip daddr != { ${network}, 198.18.0.0/16 }`;
  return `table ip seen {
  counter strays { comment "SIP to a caller from an address that no caller sends to" }
  counter detours { comment "SIP of a gateway by way of the internet" }
  chain leaving {
    type filter hook postrouting priority srcnat + 10;
    ${callers} meta l4proto { tcp, udp } th sport { 5060, 5061 } ip saddr != { ${elastic.join(', ')} } counter name strays
    ct original ip daddr { ${elastic.join(', ')} } ct original ip saddr ${network} counter name detours
  }
}
`;
}
