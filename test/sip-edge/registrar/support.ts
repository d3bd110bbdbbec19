import { afterEach, beforeEach } from 'vitest';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import type { Registrant } from '../../support/sip-peer/registrant.ts';
import { useSipServer } from '../../support/use-sip-server.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { gatewayAt, startEdge, type TestEdge } from '../support/edge.ts';
import { TableWorld } from '../support/table-world.ts';

/** REGISTER over real sockets: client → SIP server → edge → the functions' code → table. Each test has its own edge. */
export class RegistrarSuite {
  readonly server = useSipServer();
  readonly #table = useTestTable();
  readonly #clients: SipPeer[] = [];
  controlPlane!: TableWorld;
  edge!: TestEdge;

  /** Registers the hooks that end everything. */
  constructor() {
    beforeEach(() => {
      this.controlPlane = new TableWorld(this.#table.client, this.#table.tableName);
    });
    afterEach(async () => {
      await this.edge.close();
      await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    });
  }

  /** @param environment settings of the edge. @param accounts passwords of endpoints by user */
  async start(environment: Record<string, string> = {}, accounts?: Record<string, string>): Promise<void> {
    this.edge = await startEdge(this.server, this.controlPlane, environment, accounts);
  }

  /** Starts the edge. @returns a gateway that can register at it */
  async open(environment: Record<string, string> = {}, ...gateway: Parameters<RegistrarSuite['gateway']>) {
    await this.start(environment);
    return this.gateway(...gateway);
  }

  async client(transport: 'udp' | 'tcp' = 'udp'): Promise<SipPeer> {
    const client = await SipPeer.connect(transport, this.server.sip);
    this.#clients.push(client);
    return client;
  }

  async gateway(transport: 'udp' | 'tcp' = 'udp', username?: string): Promise<Registrant> {
    return gatewayAt(await this.client(transport), username);
  }
}

export const uriOf = (contact: string) => contact.slice(1, -1);
