import type { LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import {
  allocateGatewaySchema,
  batchOf,
  listEdgeCallsSchema,
  registerCommandSchema,
  renewEdgeSchema,
} from '../../../contracts/commands.ts';
import { allocateGateway } from '../../../lambdas/functions/allocate/allocate-gateway.ts';
import { SharedCandidates } from '../../../lambdas/functions/allocate/candidates.ts';
import { listEdgeCalls } from '../../../lambdas/functions/calls/list-edge-calls.ts';
import { keepLease, renewEdge } from '../../../lambdas/functions/calls/renew-edge.ts';
import { refreshGateways } from '../../../lambdas/functions/register/refresh-gateways.ts';
import { registerGateway } from '../../../lambdas/functions/register/register-gateway.ts';
import { listBindings, unregisterGateway } from '../../../lambdas/functions/register/unregister-gateway.ts';
import { type FunctionDeps, InvokeLost, isExpected, Unavailable } from './cloud.ts';

type RunOne<Command> = (command: Command) => Promise<unknown>;
type Share<Command> = (batch: readonly Command[], deps: FunctionDeps) => Promise<RunOne<Command>>;
type Run = (input: unknown, deps: FunctionDeps) => Promise<unknown>;

/** As lambdas/runtime/batch-handler.ts has it, without its log. */
function batched<Command>(schema: z.ZodType<Command>, share: Share<Command>): Run {
  const inputSchema = z.union([schema, batchOf(schema)]);
  return async (given, deps) => {
    const input = inputSchema.parse(given) as Command | { batch: Command[] };
    const isBatch = typeof input === 'object' && input !== null && 'batch' in input;
    if (!isBatch) return (await share([input], deps))(input);
    const run = await share(input.batch, deps);
    const answers = await Promise.all(
      input.batch.map((one) =>
        run(one).then(
          (answer) => ({ answer }),
          (error: Error) => {
            if (!isExpected(error)) throw error;
            return { error: `${error.name}: ${error.message}` };
          },
        ),
      ),
    );
    return { answers };
  };
}

const edgeAskSchema = z.union([listEdgeCallsSchema, renewEdgeSchema]);

/** The functions that an edge invokes, as their handlers run them. */
const functions: Readonly<Record<string, Run>> = {
  allocate: batched(allocateGatewaySchema, async (batch, deps) => {
    const pool = new SharedCandidates(deps.table, batch.length);
    return (command) => allocateGateway(command, deps, pool);
  }),
  register: batched(registerCommandSchema, async (batch, deps) => {
    const refreshed = await refreshGateways(batch, deps);
    return async (command) => {
      const answer = refreshed.get(command);
      if (answer) return answer;
      if (command.command === 'registerGateway') return registerGateway(command, deps);
      return command.command === 'unregisterGateway'
        ? unregisterGateway(command, deps)
        : listBindings(command, deps);
    };
  }),
  calls: async (given, deps) => {
    const input = edgeAskSchema.parse(given);
    if (input.command === 'renewEdge') return renewEdge(input, deps);
    await keepLease(input, deps);
    return listEdgeCalls(input, deps);
  },
};

export interface Invoker {
  /**
   * @throws {InvokeLost} where the way to the function, or back, is lost
   * @throws {Unavailable} where the function fails
   */
  command<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T>;
}

/** In place of the SDK's client of Lambda, for one edge's application. @param gate passes what the edge gets to see */
export function lambdaClient(invoker: Invoker, gate: <T>(answer: Promise<T>) => Promise<T>): LambdaClient {
  const invoke = async (name: string, payload: string) => {
    try {
      const answer = await invoker.command((deps) => (functions[name] as Run)(JSON.parse(payload), deps));
      return { Payload: Buffer.from(JSON.stringify(answer)) };
    } catch (error) {
      if (!(error instanceof Unavailable) || error instanceof InvokeLost) throw error;
      return { FunctionError: 'Unhandled', Payload: Buffer.from(error.message) };
    }
  };
  const client = {
    middlewareStack: { add: () => {} },
    send: ({ input }: { input: { FunctionName: string; Payload: string } }) =>
      gate(invoke(input.FunctionName, input.Payload)),
  };
  return client as unknown as LambdaClient;
}
