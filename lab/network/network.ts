import { inNamespace, ip, ipIn, run, sysctl } from './commands.ts';
import {
  agentAddress,
  agentInterface,
  awsAddress,
  core,
  coreAddress,
  insideNat,
  nodeAddress,
  own,
  publicBlocks,
  resolverAddress,
} from './plan.ts';

/** How long the load balancer remembers a flow on which nothing goes ("Network Load Balancer: connection idle timeout"). */
const udpIdleSec = 120;
const tcpIdleSec = 350;

/**
 * The lab's wires. Each party has a namespace of its own and one link, to the core, which routes by single addresses: so
 * every packet goes through the core's rules, also between two of one subnet.
 */
export class Network {
  #links = 0;

  /** @param zones how many there are */
  constructor(zones: number) {
    ip(`netns add ${core}`);
    sysctl(core, {
      'net.ipv4.ip_forward': 1,
      'net.netfilter.nf_conntrack_udp_timeout': udpIdleSec,
      'net.netfilter.nf_conntrack_udp_timeout_stream': udpIdleSec,
      'net.netfilter.nf_conntrack_tcp_timeout_established': tcpIdleSec,
    });
    // Of its own it needs one address, to ask whose another is.
    ipIn(core, 'link set lo up');
    ipIn(core, `address add ${coreAddress}/32 dev lo`);
    // Whoever asks for a public address is led here, where the rules say whose it is.
    for (const block of publicBlocks) ipIn(core, `route add local ${block} dev lo`);
    ip('link set lo up');
    // This process stays where it is, and is reached as others are.
    const addresses = [
      awsAddress,
      resolverAddress,
      ...Array.from({ length: zones }, (_, n) => nodeAddress(n + 1)),
    ];
    ip(`link add ${own} type veth peer name ${own} netns ${core}`);
    this.#routeTo(own, addresses);
    ip(`link set ${own} up`);
    for (const address of addresses) ip(`address add ${address}/32 dev ${own}`);
    ip(`route add default dev ${own} scope link src ${awsAddress}`);
  }

  /**
   * Adds a party.
   * @param address with its prefix, `10.20.0.21/18`
   * @param device how the party calls its interface
   */
  join(namespace: string, address: string, device = 'eth1'): void {
    this.#links += 1;
    const link = `link${this.#links}`;
    ip(`netns add ${namespace}`);
    ipIn(namespace, 'link set lo up');
    ip(`link add ${link} netns ${core} type veth peer name ${device} netns ${namespace}`);
    this.#routeTo(link, [address.split('/')[0] as string]);
    ipIn(namespace, `address add ${address} dev ${device}`);
    ipIn(namespace, `link set ${device} up`);
    ipIn(namespace, `route add default dev ${device}`);
  }

  /**
   * Adds a party in a private network behind a NAT, which gives each flow a port of its own, or the party's where it can.
   * @param address of the NAT, with its prefix
   * @param forgetsAfterSec how long it remembers a UDP flow on which nothing goes
   * @param lostPercent of its UDP packets, in each direction, at random
   */
  joinBehindNat(
    namespace: string,
    address: string,
    { forgetsAfterSec = udpIdleSec, keepsPorts = false, lostPercent = 0 } = {},
  ): void {
    const router = `${namespace}-nat`;
    this.join(router, address, 'out');
    this.#joinBehind(router, namespace);
    sysctl(router, {
      'net.netfilter.nf_conntrack_udp_timeout': forgetsAfterSec,
      'net.netfilter.nf_conntrack_udp_timeout_stream': forgetsAfterSec,
    });
    this.#rules(
      router,
      `chain out { type nat hook postrouting priority srcnat; oifname "out" masquerade${keepsPorts ? '' : ' random'}; }
      chain in { type filter hook input priority filter; iifname "out" ct state new drop; }
      chain passing { type filter hook forward priority filter; meta l4proto udp numgen random mod 100 < ${lostPercent} drop; }`,
    );
  }

  /** Adds a party whose firewall lets in what comes from a few addresses, without a word from inside, and nothing else. */
  joinBehindFirewall(namespace: string, address: string, allowed: readonly string[]): void {
    this.join(namespace, address);
    this.#rules(
      namespace,
      `chain in { type filter hook input priority filter; policy drop; iifname "lo" accept; ip saddr { ${allowed.join(', ')} } accept; }`,
    );
  }

  /**
   * Gives a task the first interface of Fargate: link-local, with nobody on it but ECS's agent.
   * @param agentPort where the agent of this task listens, at the address of AWS
   */
  joinAgent(namespace: string, agentPort: number): void {
    const agent = `${namespace}-a`;
    this.#links += 1;
    this.join(agent, `198.18.${1 + Math.floor(this.#links / 250)}.${1 + (this.#links % 250)}/32`, 'out');
    ip(`link add eth0 netns ${namespace} type veth peer name task netns ${agent}`);
    ipIn(namespace, `address add ${agentInterface} dev eth0`);
    ipIn(namespace, 'link set eth0 up');
    ipIn(namespace, `route add ${agentAddress} dev eth0`);
    for (const address of [`${agentAddress}/32`, '169.254.172.1/22'])
      ipIn(agent, `address add ${address} dev task`);
    ipIn(agent, 'link set task up');
    sysctl(agent, { 'net.ipv4.ip_forward': 1 });
    this.#rules(
      agent,
      `chain in { type nat hook prerouting priority dstnat; ip daddr ${agentAddress} tcp dport 80 dnat to ${awsAddress}:${agentPort}; }
      chain out { type nat hook postrouting priority srcnat; oifname "out" masquerade; }`,
    );
  }

  /** Puts a party out of the network, and all that runs in it out of reach. */
  leave(namespace: string): void {
    ip(`netns delete ${namespace}`);
  }

  #joinBehind(router: string, namespace: string): void {
    ip(`netns add ${namespace}`);
    ipIn(namespace, 'link set lo up');
    ip(`link add in netns ${router} type veth peer name eth1 netns ${namespace}`);
    ipIn(router, 'address add 192.168.1.1/24 dev in');
    ipIn(router, 'link set in up');
    ipIn(namespace, `address add ${insideNat}/24 dev eth1`);
    ipIn(namespace, 'link set eth1 up');
    ipIn(namespace, 'route add default via 192.168.1.1');
    sysctl(router, { 'net.ipv4.ip_forward': 1 });
  }

  #rules(namespace: string, chains: string): void {
    const [file = '', ...args] = inNamespace(namespace, ['nft', '-f', '-']);
    run(file, args, `table ip lab {\n${chains}\n}`);
  }

  #routeTo(link: string, addresses: readonly string[]): void {
    ipIn(core, `link set ${link} up`);
    // Whoever is asked for on this link, it is the core that has the way.
    sysctl(core, { [`net.ipv4.conf.${link}.proxy_arp`]: 1, [`net.ipv4.neigh.${link}.proxy_delay`]: 0 });
    for (const address of addresses) ipIn(core, `route add ${address}/32 dev ${link}`);
  }
}
