import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import {
  type AllocateAnswer,
  type AllocateGateway,
  allocateAnswerSchema,
  batchAnswerOf,
  type EdgeAsk,
  type EdgeCall,
  type ListEdgeCalls,
  listEdgeCallsAnswerSchema,
  mostBatched,
  type RegisterAnswer,
  type RegisterCommand,
  type RenewEdge,
  type RenewEdgeAnswer,
  registerAnswerSchema,
  renewEdgeAnswerSchema,
} from '../../contracts/commands.ts';
import { traceHeader } from '../../contracts/trace.ts';
import {
  type AlarmClock,
  type Asker,
  type ControlPlane,
  ControlPlaneUnavailable,
  pause,
  type UnavailableCause,
} from '../ports.ts';
import type { Settings } from '../settings.ts';
import { isSampled, newTraceId } from '../telemetry/trace.ts';
import { aboutCall, aboutRegister } from './flow/about.ts';
import type { Flow } from './flow/flow.ts';
import { Gatherer } from './gatherer.ts';
import { sendTraceHeaders } from './trace-header.ts';

export type LambdaControlPlaneSettings = Pick<
  Settings,
  | 'registerFunction'
  | 'allocateFunction'
  | 'callsFunction'
  | 'edgeId'
  | 'leaseSec'
  | 'commandTimeoutMs'
  | 'traceSamplePercent'
>;

export interface LambdaControlPlaneParts {
  /** Says how much may be under way. */
  flow: Flow;
  clock: AlarmClock;
  /** @returns 0 up to 1 */
  random: () => number;
}

interface Command {
  command: string;
  traceId?: string | undefined;
}

interface Request {
  functionName: string;
  payload: string;
  /** Its `X-Amzn-Trace-Id`. */
  trace: string;
}

const maxAttempts = 2;
/** About as long as a command takes: what waits for one that hangs is not late itself. */
const gatherMs = 20;
/** Of refreshes, which nobody waits for: well within the 500 ms after which a client asks again (T1, RFC 3261 17.1.2.1). */
const keepMs = 100;
const throttles = new Set(['TooManyRequestsException', 'ThrottlingException', 'EC2ThrottledException']);
const networkCodes = /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)/;

/**
 * Commands by Lambda Invoke, bounded in time; those of one moment together. A lost connection, a throttle or a fault of
 * the service is tried once more, which the commands' idempotence allows. A command is not tried again where the function
 * itself threw: the SIP client will ask again; nor where it did not answer in time: a second try would double the load of
 * a slow function.
 */
export class LambdaControlPlane implements ControlPlane {
  readonly #client: LambdaClient;
  readonly #settings: LambdaControlPlaneSettings;
  readonly #parts: LambdaControlPlaneParts;
  readonly #edge: EdgeAsk;
  /** The header of each Invoke, by its input. */
  readonly #traceHeaders = new WeakMap<object, string>();
  readonly #registers: Gatherer<RegisterCommand, RegisterAnswer>;
  readonly #allocates: Gatherer<AllocateGateway, AllocateAnswer>;

  /**
   * @param client with `maxAttempts: 1`: the tries are counted here, where the time is bounded
   */
  constructor(client: LambdaClient, settings: LambdaControlPlaneSettings, parts: LambdaControlPlaneParts) {
    this.#client = client;
    this.#settings = settings;
    this.#parts = parts;
    const { edgeId, leaseSec } = settings;
    // The time of the start: it rises with each, and needs no disk, which may not outlive the task.
    this.#edge = { edgeId, leaseSec, generation: parts.clock.now() };
    sendTraceHeaders(client, (input) => this.#traceHeaders.get(input));
    this.#registers = this.#gatherer(settings.registerFunction, registerAnswerSchema);
    this.#allocates = this.#gatherer(settings.allocateFunction, allocateAnswerSchema);
  }

  register(command: RegisterCommand): Promise<RegisterAnswer> {
    return this.#registers.ask(command, aboutRegister(command));
  }

  allocate(command: AllocateGateway, asker: Asker): Promise<AllocateAnswer> {
    return this.#allocates.ask(command, aboutCall(asker));
  }

  async listEdgeCalls(): Promise<{ calls: EdgeCall[] }> {
    const calls: EdgeCall[] = [];
    let after: string | undefined;
    do {
      const command: ListEdgeCalls = { command: 'listEdgeCalls', ...this.#edge, ...(after && { after }) };
      const page = await this.#ask(this.#settings.callsFunction, command, listEdgeCallsAnswerSchema);
      calls.push(...page.calls);
      after = page.next;
    } while (after !== undefined);
    return { calls };
  }

  renewEdge(): Promise<RenewEdgeAnswer> {
    const command: RenewEdge = { command: 'renewEdge', ...this.#edge };
    return this.#ask(this.#settings.callsFunction, command, renewEdgeAnswerSchema);
  }

  /**
   * Has the functions that callers and gateways wait for do nothing, so that they are there when something is to be done.
   * @throws {ControlPlaneUnavailable}
   */
  async touch(): Promise<void> {
    const { registerFunction, allocateFunction } = this.#settings;
    const none = { batch: [] };
    await Promise.all(
      [registerFunction, allocateFunction].map((name) => this.#ask(name, none, batchAnswerOf(z.never()))),
    );
  }

  #gatherer<C extends Command, A>(functionName: string, schema: z.ZodType<A>): Gatherer<C, A> {
    const batchSchema = batchAnswerOf(schema);
    return new Gatherer<C, A>({
      most: mostBatched,
      waitMs: gatherMs,
      keepMs,
      flow: this.#parts.flow,
      clock: this.#parts.clock,
      send: async (commands) => {
        const [only, ...others] = commands;
        if (only !== undefined && others.length === 0) return [await this.#ask(functionName, only, schema)];
        // One trace is all that an Invoke has: that of the first call.
        const traceId = commands.find((command) => command.traceId !== undefined)?.traceId;
        const batch = { batch: commands };
        const { answers } = await this.#ask(functionName, batch, batchSchema, traceId);
        return answers.map((one) =>
          'answer' in one
            ? (one.answer as A)
            : new ControlPlaneUnavailable('function-error', `${functionName} threw: ${one.error}`),
        );
      },
    });
  }

  async #ask<T>(
    functionName: string,
    command: object,
    schema: z.ZodType<T>,
    traceId = (command as Partial<Command>).traceId,
  ): Promise<T> {
    const { clock, random } = this.#parts;
    const payload = JSON.stringify(command);
    // What is of no call would be sampled by X-Ray's own rule: one each second, all day.
    const isKept = traceId !== undefined && isSampled(traceId, this.#settings.traceSamplePercent);
    const trace = traceHeader(traceId ?? newTraceId(clock.now()), isKept);
    const deadline = clock.now() + this.#settings.commandTimeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#invoke({ functionName, payload, trace }, schema, deadline - clock.now());
      } catch (error) {
        const failure = unavailable(functionName, error);
        const isWorthwhile = failure.why === 'network' || failure.why === 'throttled';
        // Random, so that commands that were throttled together are not tried again together.
        const pauseMs = 20 + random() * 80;
        if (!isWorthwhile || attempt === maxAttempts || clock.now() + pauseMs >= deadline) throw failure;
        await pause(clock, pauseMs);
      }
    }
  }

  async #invoke<T>(
    { functionName, payload, trace }: Request,
    schema: z.ZodType<T>,
    leftMs: number,
  ): Promise<T> {
    const command = new InvokeCommand({ FunctionName: functionName, Payload: payload });
    this.#traceHeaders.set(command.input, trace);
    // No options: with any, the SDK would build its chain of middleware anew for each call.
    const sent = this.#client.send(command);
    const answer = await within(sent, Math.max(1, leftMs), functionName, this.#parts.clock);
    const text = Buffer.from(answer.Payload ?? []).toString('utf8');
    if (answer.FunctionError !== undefined) {
      throw new ControlPlaneUnavailable('function-error', `${functionName} threw: ${text.slice(0, 500)}`);
    }
    return readAnswer(functionName, text, schema);
  }
}

/** An answer that comes after the limit is dropped; the client's own request timeout then frees its socket. */
async function within<T>(
  sent: Promise<T>,
  limitMs: number,
  functionName: string,
  clock: AlarmClock,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stopTimer = clock.after(limitMs, () =>
    reject(new ControlPlaneUnavailable('timeout', `${functionName}: no answer within ${limitMs} ms`)),
  );
  try {
    return await Promise.race([sent, late]);
  } finally {
    stopTimer();
    sent.catch(() => {});
  }
}

function readAnswer<T>(functionName: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${functionName} answered with what the contract does not know`;
    throw new ControlPlaneUnavailable('bad-answer', message, { cause: error });
  }
}

/** Finds the kind of a failure in what the SDK threw. */
function causeOf(error: Partial<NodeJS.ErrnoException>): UnavailableCause {
  const { name = '', code = '' } = error;
  if (throttles.has(name)) return 'throttled';
  // The SDK calls a connection that could not be made, or broke, a TimeoutError too.
  if (name === 'TimeoutError' || networkCodes.test(code)) return 'network';
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
  // A fault of the service itself is worth a second try, like a lost connection.
  return status >= 500 ? 'network' : 'function-error';
}

function unavailable(functionName: string, error: unknown): ControlPlaneUnavailable {
  if (error instanceof ControlPlaneUnavailable) return error;
  const { name = '', message = String(error) } = error as Partial<Error>;
  const text = `${functionName}: ${name} ${message}`;
  return new ControlPlaneUnavailable(causeOf(error as Partial<NodeJS.ErrnoException>), text, {
    cause: error,
  });
}
