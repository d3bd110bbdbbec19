import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { ZodType } from 'zod';
import {
  type AllocateAnswer,
  type AllocateGateway,
  allocateAnswerSchema,
  type ListEdgeCalls,
  type ListEdgeCallsAnswer,
  listEdgeCallsAnswerSchema,
  type RegisterAnswer,
  type RegisterCommand,
  registerAnswerSchema,
} from '../contracts/commands.ts';
import { type ControlPlane, ControlPlaneUnavailable, type UnavailableCause } from './ports.ts';
import type { Settings } from './settings.ts';

export type LambdaControlPlaneSettings = Pick<
  Settings,
  | 'registerFunction'
  | 'allocateFunction'
  | 'callsFunction'
  | 'edgeId'
  | 'commandAttemptTimeoutMs'
  | 'commandTimeoutMs'
>;

const maxAttempts = 2;
const throttles = new Set(['TooManyRequestsException', 'ThrottlingException', 'EC2ThrottledException']);
const networkCodes = /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)/;

/**
 * Commands by Lambda Invoke. Each attempt and all together are bounded in time; a lost connection, a throttle
 * or a server error is tried once more, which the commands' idempotence allows. What the function itself threw
 * is not: it has had its chance, and the SIP client will ask again.
 */
export class LambdaControlPlane implements ControlPlane {
  readonly #client: LambdaClient;
  readonly #settings: LambdaControlPlaneSettings;

  /** @param client with `maxAttempts: 1`: the tries are counted here, where the time is bounded */
  constructor(client: LambdaClient, settings: LambdaControlPlaneSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  register(command: RegisterCommand): Promise<RegisterAnswer> {
    return this.#ask(this.#settings.registerFunction, command, registerAnswerSchema);
  }

  allocate(command: AllocateGateway): Promise<AllocateAnswer> {
    return this.#ask(this.#settings.allocateFunction, command, allocateAnswerSchema);
  }

  listEdgeCalls(): Promise<ListEdgeCallsAnswer> {
    const command: ListEdgeCalls = { command: 'listEdgeCalls', edgeId: this.#settings.edgeId };
    return this.#ask(this.#settings.callsFunction, command, listEdgeCallsAnswerSchema);
  }

  async #ask<T>(functionName: string, command: object, schema: ZodType<T>): Promise<T> {
    const payload = JSON.stringify(command);
    const deadline = Date.now() + this.#settings.commandTimeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const leftMs = deadline - Date.now();
        return await this.#invoke(functionName, payload, schema, leftMs);
      } catch (error) {
        const failure = unavailable(functionName, error);
        const isWorthwhile = failure.why !== 'function-error' && failure.why !== 'bad-answer';
        if (!isWorthwhile || attempt === maxAttempts || Date.now() >= deadline) throw failure;
      }
    }
  }

  async #invoke<T>(functionName: string, payload: string, schema: ZodType<T>, leftMs: number): Promise<T> {
    const timeoutMs = Math.max(1, Math.min(leftMs, this.#settings.commandAttemptTimeoutMs));
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const answer = await this.#client.send(
        new InvokeCommand({ FunctionName: functionName, Payload: payload }),
        { abortSignal: abort.signal },
      );
      const text = Buffer.from(answer.Payload ?? []).toString('utf8');
      if (answer.FunctionError !== undefined) {
        throw new ControlPlaneUnavailable('function-error', `${functionName} threw: ${text.slice(0, 500)}`);
      }
      return readAnswer(functionName, text, schema);
    } finally {
      clearTimeout(timer);
    }
  }
}

function readAnswer<T>(functionName: string, text: string, schema: ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${functionName} answered with what the contract does not know`;
    throw new ControlPlaneUnavailable('bad-answer', message, { cause: error });
  }
}

function unavailable(functionName: string, error: unknown): ControlPlaneUnavailable {
  if (error instanceof ControlPlaneUnavailable) return error;
  const { name = '', code = '', message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  const why: UnavailableCause =
    name === 'AbortError' || name === 'TimeoutError'
      ? 'timeout'
      : throttles.has(name)
        ? 'throttled'
        : networkCodes.test(code)
          ? 'network'
          : 'function-error';
  const cause = { cause: error };
  // A fault of the service (5xx) is worth a second try, like a lost connection.
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
  const kind = why === 'function-error' && status >= 500 ? 'network' : why;
  return new ControlPlaneUnavailable(kind, `${functionName}: ${name} ${message}`.trim(), cause);
}
