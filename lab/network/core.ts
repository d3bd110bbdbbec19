import type { Deployed } from '../aws/deployed.ts';
import type { TargetGroup } from '../aws/target-group.ts';
import { inNamespace, run } from './commands.ts';
import { core, nodeAddress } from './plan.ts';
import { countersOf, type Interface, rulesOf } from './rules.ts';

/** A port of a static address, and who takes what arrives there. */
export interface Balanced {
  address: string;
  securityGroup: string;
  group: TargetGroup;
}

/** The rules of the core, kept as what they are made of changes. */
export class Core {
  readonly balanced: Balanced[] = [];
  readonly #interfaces: Interface[] = [];
  readonly #deployed: Deployed;
  readonly #zones: number;
  /** `address:port` that nobody reaches. */
  #cutOff: string | undefined;

  constructor(deployed: Deployed, zones: number) {
    this.#deployed = deployed;
    this.#zones = zones;
  }

  /** An interface comes into the network. */
  add(one: Interface): void {
    this.#interfaces.push(one);
    this.apply();
  }

  /** @param address `address:port`; undefined: all are reached again */
  cutOff(address: string | undefined): void {
    this.#cutOff = address;
    this.apply();
  }

  /** Begins to count what must never be, when all static addresses are known. */
  count(): void {
    const elastic = [...new Set(this.balanced.map(({ address }) => address))];
    nft(countersOf(this.#deployed.network, elastic));
  }

  apply(): void {
    const { network, ingress } = this.#deployed;
    const nodes = Array.from({ length: this.#zones }, (_, index) => nodeAddress(index + 1));
    const listeners = this.balanced.map(({ address, securityGroup, group }) => ({
      address,
      group: securityGroup,
      port: group.port,
      protocols: group.protocols,
      targets: group.serving,
    }));
    nft(rulesOf({ network, nodes, ingress, interfaces: this.#interfaces, listeners, cutOff: this.#cutOff }));
  }
}

function nft(text: string): void {
  const [file = '', ...args] = inNamespace(core, ['nft', '-f', '-']);
  run(file, args, text);
}
