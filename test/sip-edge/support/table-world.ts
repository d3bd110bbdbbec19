import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  AllocateAnswer,
  AllocateGateway,
  ListEdgeCallsAnswer,
  RegisterAnswer,
  RegisterCommand,
  RenewEdgeAnswer,
} from '../../../contracts/commands.ts';
import { registerGateway } from '../../../lambdas/functions/register/register-gateway.ts';
import { listBindings, unregisterGateway } from '../../../lambdas/functions/register/unregister-gateway.ts';
import { type ControlPlane, ControlPlaneUnavailable, type NewFact } from '../../../sip-edge/ports.ts';
import { World } from '../../lambdas/support/world.ts';
import { FactLog, type TestGateway, type TestWorld } from './control-plane.ts';

/** The functions' own code over a real table, with the facts handed to it as the bus would, one after the other. */
export class TableWorld extends FactLog implements TestWorld, ControlPlane {
  readonly table: World;
  /** The registrar's commands. */
  readonly commands: RegisterCommand[] = [];
  readonly #gateways: string[] = [];
  #taking: Promise<void> = Promise.resolve();

  constructor(client: DynamoDBClient, tableName: string) {
    super('edge-1');
    this.table = new World(client, tableName);
    this.table.deps.now = () => Date.now();
  }

  add(gateway: TestGateway): Promise<RegisterAnswer> {
    this.#gateways.push(gateway.name);
    return this.table.register({
      username: gateway.name,
      registrationId: `reg-${gateway.name}`,
      contacts: [{ uri: gateway.contact, expiresSec: 3600 }],
      received: { address: '127.0.0.1', port: gateway.port, protocol: gateway.transport },
    });
  }

  register(command: RegisterCommand): Promise<RegisterAnswer> {
    this.commands.push(command);
    return invoked(this.#register(command));
  }

  #register(command: RegisterCommand): Promise<RegisterAnswer> {
    switch (command.command) {
      case 'registerGateway':
        return registerGateway(command, this.table.deps);
      case 'unregisterGateway':
        return unregisterGateway(command, this.table.deps);
      case 'listBindings':
        return listBindings(command, this.table.deps);
    }
  }

  allocate(command: AllocateGateway): Promise<AllocateAnswer> {
    return invoked(this.table.allocate(command));
  }

  async listEdgeCalls(): Promise<ListEdgeCallsAnswer> {
    await this.settled();
    return invoked(this.table.edgeCalls());
  }

  renewEdge(): Promise<RenewEdgeAnswer> {
    return invoked(this.table.hangups());
  }

  publish(said: NewFact): void {
    const fact = this.keep(said);
    this.#taking = this.#taking.then(() => this.table.say(fact));
  }

  /** Settles when the table shows all that was said. */
  async settled(): Promise<void> {
    await this.#taking;
  }

  async isUnlocked(): Promise<boolean> {
    await this.settled();
    const gateways = await Promise.all(this.#gateways.map((username) => this.table.gateway(username)));
    return gateways.every((gateway) => gateway?.lockedBy === undefined);
  }
}

/** What the functions throw the edge sees as Lambda's error. */
async function invoked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw new ControlPlaneUnavailable('function-error', String(error), { cause: error });
  }
}
