import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ProvisionedResource } from '../assets/assets.ts';
import { AwsError, blaming, UnsupportedError } from '../http/errors.ts';
import { region } from '../identity.ts';
import type { JsonObject, Resource } from '../template.ts';
import { AsyncInvocations } from './async-invocations.ts';
import type { EnvironmentOptions, InvocationResult } from './environment.ts';
import { functionNameOf } from './function-name.ts';
import { defaultPoolLimits, FunctionPool, type PoolLimits } from './function-pool.ts';
import type { ShortWay } from './short-way.ts';

export interface FunctionsOptions {
  /** Directory of the functions' log files. */
  logDir: string;
  /** What every function finds in its environment: endpoints and credentials. */
  variablesOf: (role: string) => Record<string, string>;
  shortWay: ShortWay;
  limits?: PoolLimits;
  /** Waits before the first and second retry of an asynchronous event, ms. */
  retryDelaysMs?: readonly number[];
}

/** What makes a function what it is: as long as this is the same, it is left alone. */
interface FunctionShape {
  environment: EnvironmentOptions;
  /** Tries of an asynchronous event after the first. */
  retries: number;
}

interface LocalFunction extends FunctionShape {
  pool: FunctionPool;
}

/** The largest payload of a synchronous and of an asynchronous invocation, bytes (Lambda quotas). */
export const maxPayloadBytes = { sync: 6_291_456, async: 262_144 };

/** Lambda waits one and two minutes; somebody who looks on is better served by the same order of things, faster. */
const defaultRetryDelaysMs = [1000, 2000] as const;

const text = (value: unknown): string => String(value ?? '');

/** AWS Lambda, as far as it is needed: functions from the template, invoked for an answer or for an event. */
export class LambdaFunctions {
  readonly #options: FunctionsOptions;
  readonly #async: AsyncInvocations;
  #functions = new Map<string, LocalFunction>();
  /** Pools of former functions, until their last invocation is over. */
  readonly #retiring = new Set<FunctionPool>();
  #warm: Promise<unknown> = Promise.resolve();

  constructor(options: FunctionsOptions) {
    this.#options = options;
    this.#async = new AsyncInvocations({
      invoke: (name, payload) => this.#find(name).pool.invoke(payload),
      retriesOf: (name) => this.#find(name).retries,
      retryDelaysMs: options.retryDelaysMs ?? defaultRetryDelaysMs,
    });
  }

  /**
   * Makes the functions of the stacks, and starts an environment of each. A function that is as it was keeps its environments; one that changed ends what it is at.
   * @param resources the functions, and their `AWS::Lambda::EventInvokeConfig`s
   * @throws UnsupportedError for what a function asks that is not played here
   */
  provision(resources: readonly ProvisionedResource[]): void {
    const configs = resources.filter(({ type }) => type === 'AWS::Lambda::EventInvokeConfig');
    const functions = new Map<string, LocalFunction>();
    for (const resource of resources) {
      if (resource.type !== 'AWS::Lambda::Function') continue;
      const { ref, logicalId } = resource;
      const config = configs.find(({ properties }) => properties.FunctionName === ref);
      const shape = blaming(logicalId, () => shapeOf(resource, config, this.#options));
      const before = this.#functions.get(ref);
      const pool =
        before && isDeepStrictEqual(before.environment, shape.environment)
          ? before.pool
          : new FunctionPool(shape.environment, this.#options.limits ?? defaultPoolLimits);
      functions.set(ref, { ...shape, pool });
    }
    const pools = [...functions.values()].map(({ pool }) => pool);
    for (const { pool } of this.#functions.values()) if (!pools.includes(pool)) this.#retire(pool);
    this.#functions = functions;
    this.#warm = Promise.all(pools.map((pool) => pool.warm()));
  }

  /** Waits until each function can answer at once. */
  async warm(): Promise<void> {
    await this.#warm;
  }

  /**
   * Invokes for the answer (`RequestResponse`).
   * @param name function name or ARN, with or without qualifier
   * @throws AwsError ResourceNotFoundException, TooManyRequestsException
   */
  async invoke(name: string, payload: string): Promise<InvocationResult> {
    return this.#find(functionNameOf(name)).pool.invoke(payload);
  }

  /**
   * Accepts an event (`Event`): tried again where the function fails.
   * @throws AwsError ResourceNotFoundException, InvalidRequestContentException
   */
  invokeAsync(name: string, payload: string): void {
    const functionName = functionNameOf(name);
    this.#find(functionName);
    this.#async.accept(functionName, payload);
  }

  /** Asynchronous events accepted and not yet done. */
  get openEvents(): number {
    return this.#async.open;
  }

  /** Keeps asynchronous events until `release`. */
  holdEvents(): void {
    this.#async.hold();
  }

  releaseEvents(): void {
    this.#async.release();
  }

  async stop(): Promise<void> {
    await this.#async.stop();
    const pools = [...this.#functions.values()].map(({ pool }) => pool);
    await Promise.all([...pools, ...this.#retiring].map((pool) => pool.stop()));
  }

  #retire(pool: FunctionPool): void {
    this.#retiring.add(pool);
    void pool.retire().then(() => this.#retiring.delete(pool));
  }

  #find(name: string): LocalFunction {
    const found = this.#functions.get(name);
    if (found) return found;
    throw new AwsError(
      'ResourceNotFoundException',
      `Function not found: arn:aws:lambda:${region}:function:${name}`,
      404,
    );
  }
}

function shapeOf(
  { ref, attributes, logicalId, properties, assets }: ProvisionedResource,
  config: Resource | undefined,
  options: FunctionsOptions,
): FunctionShape {
  const code = properties.Code as JsonObject;
  const runtime = text(properties.Runtime);
  if (!/^nodejs(2[2-9]|[3-9]\d)\.x$/.test(runtime)) {
    throw new UnsupportedError(`${logicalId}: the local cloud does not run ${runtime}`);
  }
  if (typeof code?.S3Key !== 'string') throw new UnsupportedError(`${logicalId}: its code is no asset`);
  const [file, exportName] = text(properties.Handler).split('.');
  const memoryMb = Number(properties.MemorySize ?? 128);
  const environment =
    (properties.Environment as { Variables?: Record<string, string> } | undefined)?.Variables ?? {};

  if (config?.properties.DestinationConfig) {
    throw new UnsupportedError(`${logicalId}: the local cloud knows no destination of a function`);
  }
  return {
    environment: {
      data: {
        bundleFile: join(assets.codeDirectory(code.S3Key, text(code.S3Bucket)), `${file}.mjs`),
        exportName: text(exportName),
        functionName: ref,
        functionArn: text(attributes.Arn),
        memoryMb,
        logFile: join(options.logDir, `${ref}.log`),
        shortWay: options.shortWay,
      },
      variables: {
        ...lambdaVariables(ref, memoryMb),
        ...options.variablesOf(text(properties.Role)),
        ...environment,
      },
      timeoutMs: Number(properties.Timeout ?? 3) * 1000,
    },
    retries: Number(config?.properties.MaximumRetryAttempts ?? 2),
  };
}

/** The variables that Lambda sets by itself (Lambda developer guide, "Defined runtime environment variables"). */
function lambdaVariables(name: string, memoryMb: number): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    LAMBDA_TASK_ROOT: '/var/task',
    TZ: ':UTC',
  };
}
