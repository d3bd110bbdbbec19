import type { RegisterAnswer, RegisterCommand } from '../../../contracts/commands.ts';
import { type RegisterDeps, registerGateway } from '../../../lambdas/functions/register/register-gateway.ts';
import { listBindings, unregisterGateway } from '../../../lambdas/functions/register/unregister-gateway.ts';
import { openTable } from '../../../lambdas/store/table.ts';
import { type ControlPlane, ControlPlaneUnavailable } from '../../../sip-edge/ports.ts';
import type { TestTable } from '../../support/dynamodb.ts';

/** The real functions on a real table, without the Lambda between. What they throw the edge sees as Lambda's error. */
export class InProcessControlPlane implements ControlPlane {
  readonly commands: RegisterCommand[] = [];
  readonly #deps: RegisterDeps;

  constructor(table: TestTable, tableName: string) {
    this.#deps = {
      table: openTable(table.client, tableName),
      now: Date.now,
      gatewayName: 'mediagw',
      freeShards: 1,
      leaseMs: 120_000,
    };
  }

  async register(command: RegisterCommand): Promise<RegisterAnswer> {
    this.commands.push(command);
    try {
      return await this.#run(command);
    } catch (error) {
      throw new ControlPlaneUnavailable('function-error', String(error), { cause: error });
    }
  }

  async allocate(): Promise<never> {
    throw new ControlPlaneUnavailable('network', 'these tests place no calls');
  }

  async listEdgeCalls() {
    return { calls: [] };
  }

  async listHangups() {
    return { hangups: [] };
  }

  #run(command: RegisterCommand): Promise<RegisterAnswer> {
    switch (command.command) {
      case 'registerGateway':
        return registerGateway(command, this.#deps);
      case 'unregisterGateway':
        return unregisterGateway(command, this.#deps);
      case 'listBindings':
        return listBindings(command, this.#deps);
    }
  }
}
