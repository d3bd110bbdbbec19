import type { Network } from './network.ts';
import { publicAddress, taskAddress, turnIp } from './plan.ts';

/** Where a task is: a namespace with an interface in the network. */
export interface Place {
  namespace: string;
  address: string;
  publicAddress: string;
}

/** An edge, the one that replaces it, and one that replaces a failed one. */
const edgesOfZone = 3;

/**
 * The places of tasks, made before any is started: making one takes the time of this process, and AWS answers by it.
 */
export class Places {
  readonly #network: Network;
  readonly #agentPort: number;
  readonly #ofEdges = new Map<number, Place[]>();
  readonly #ofGateways: Place[];
  #count = 0;

  /** @param gateways how many may be started, one after the other: in the zones in turn */
  constructor(network: Network, agentPort: number, zones: number, gateways: number) {
    this.#network = network;
    this.#agentPort = agentPort;
    for (let zone = 1; zone <= zones; zone += 1) {
      this.#ofEdges.set(
        zone,
        Array.from({ length: edgesOfZone }, () => this.#ofEdge(zone)),
      );
    }
    this.#ofGateways = Array.from({ length: gateways }, (_, n) => this.#make('gateway', (n % zones) + 1));
  }

  edge(zone: number): Place {
    return this.#ofEdges.get(zone)?.shift() ?? this.#ofEdge(zone);
  }

  /** @throws Error where none is left */
  gateway(): Place {
    const place = this.#ofGateways.shift();
    if (place === undefined) throw new Error('no place is left for another gateway');
    return place;
  }

  /** With a static address. */
  turnServer(zone: number): Place {
    return { ...this.#make('turn', zone), publicAddress: turnIp(zone) };
  }

  #ofEdge(zone: number): Place {
    const place = this.#make('edge', zone);
    this.#network.joinAgent(place.namespace, this.#agentPort);
    return place;
  }

  #make(kind: 'edge' | 'gateway' | 'turn', zone: number): Place {
    this.#count += 1;
    const namespace = `${kind}${this.#count}`;
    const address = taskAddress(zone, this.#count);
    this.#network.join(namespace, `${address}/18`);
    return { namespace, address, publicAddress: publicAddress(this.#count) };
  }
}
