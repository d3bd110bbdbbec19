/*
 * The addresses of the lab. Those of the internet are from the blocks for documentation (RFC 5737) and for tests of
 * devices (RFC 2544), so that none of them is anybody's.
 */

/** The namespace through which every packet goes: internet, internet gateway and load balancers. */
export const core = 'core';
export const coreAddress = '198.18.0.254';
/** Where the lab's own process is, and with it AWS. */
export const own = 'own';

/** Of the lab's process, for what AWS serves to whoever asks: its APIs. */
export const awsAddress = '198.18.0.1';
/** The resolver of the network, the base plus two ("Amazon VPC: DNS attributes"). */
export const resolverAddress = '10.20.0.2';
/** Of the load balancers' nodes, from which they check their targets. */
export const nodeAddress = (zone: number) => `10.20.${(zone - 1) * 64}.9`;

/** Where those are that the rules of the core translate. */
export const publicBlocks = ['203.0.113.0/24', '198.51.100.0/24'];
/** The static address of a zone's load balancer. */
export const elasticIp = (zone: number) => `203.0.113.${zone}`;
/** The public address that the n-th task is given. */
export const publicAddress = (n: number) => `198.51.100.${n}`;
/** That of a zone's TURN server. */
export const turnIp = (zone: number) => `203.0.113.${100 + zone}`;
/** Of whoever is behind a NAT, in its private network. */
export const insideNat = '192.168.1.2';
/** A server on the internet that tells who asks its public address (STUN). */
export const stunAddress = '192.0.2.200';
/** Of a caller whose network is peered with ours: it is no address of the internet. */
export const peeredAddress = '198.18.250.10';
/** Inside the network, of the n-th task, in its zone's subnet. */
export const taskAddress = (zone: number, n: number) => `10.20.${(zone - 1) * 64}.${20 + n}`;

/** As on Fargate: an edge takes its name from it. */
export const hostnameOf = (address: string) => `ip-${address.replaceAll('.', '-')}.ec2.internal`;

/** Where ECS's agent is for a task on Fargate: metadata, credentials, protection. */
export const agentAddress = '169.254.170.2';
/** Of a task's first interface, which leads to it alone. */
export const agentInterface = '169.254.172.2/22';
