import type { StartPlan } from './ecs/start-plan.ts';
import type { TaskDefinition } from './ecs/task-definition.ts';
import type { Command } from './ecs/task-process.ts';
import type { Send } from './events/api-destinations.ts';
import type { Operation } from './http/endpoint.ts';
import type { QueryService } from './http/query.ts';
import type { Redelivery } from './lambda/event-sources.ts';
import type { PoolLimits } from './lambda/function-pool.ts';
import type { Unwritable } from './unwritable.ts';

export interface LocalCloudOptions {
  /** URL of the table engine. */
  dynamoDbEndpoint: string;
  /** Where this run writes: logs/, queues/. */
  dir: string;
  /** Whether secrets and what is in queues are kept in `dir` for the next run. */
  keep: boolean;
  /** The generated part of secrets, in the place of a random one. */
  secret?: string | undefined;
  /** @returns what runs in the place of a container image @param imageDirectory throws where the image is none of ours */
  commandOf: (definition: TaskDefinition, imageDirectory: () => string) => Command;
  /** How tasks start: at once unless given. */
  starts?: StartPlan | undefined;
  /** Addresses that tasks send from; ECS tells none unless given. */
  taskAddresses?: () => readonly string[];
  /** What DNS tells containers: name → address. */
  names?: () => Record<string, string>;
  /** Address of the endpoint; port 0 takes a free one. */
  host: string;
  port: number;
  limits?: PoolLimits;
  /** What it serves besides its own: JSON operations by `X-Amz-Target`, Query services by version. */
  operations?: ReadonlyMap<string, Operation>;
  queryServices?: ReadonlyMap<string, QueryService>;
  retryDelaysMs?: readonly number[];
  redelivery?: Redelivery;
  onGroup?: (groupId: number, running: boolean) => void;
  /** The file of all Firehose streams, in the place of one in `dir` for each. */
  streamFile?: string | undefined;
  /** Sends what API destinations are told; by HTTP unless given. */
  send?: Send;
  onUnwritable?: Unwritable;
  /** Told, in a sentence, of what was found damaged and put aside. */
  onDamage?: (what: string) => void;
}
