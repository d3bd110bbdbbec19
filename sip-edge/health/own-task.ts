import { DescribeTasksCommand, type ECSClient } from '@aws-sdk/client-ecs';
import * as z from 'zod';

/** The task that this process runs in, of an ECS service. */
export interface OwnTask {
  /** ARN. */
  cluster: string;
  service: string;
  /** Id of the deployment that started it. */
  deployment: string;
  /** Addresses by which load balancers know it. */
  addresses: readonly string[];
}

const patienceMs = 3000;

/** The part of the answer of "Amazon ECS task metadata endpoint version 4" that is used. */
const metadataSchema = z.object({
  Cluster: z.string(),
  TaskARN: z.string(),
  Containers: z.array(
    z.object({
      Networks: z.array(z.object({ IPv4Addresses: z.array(z.string()).default([]) })).default([]),
    }),
  ),
});

/**
 * @param metadataUri `ECS_CONTAINER_METADATA_URI_V4`
 * @throws where ECS does not answer, or the task is of no service
 */
export async function findOwnTask(ecs: ECSClient, metadataUri: string): Promise<OwnTask> {
  const answer = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(patienceMs) });
  const { Cluster: cluster, TaskARN, Containers } = metadataSchema.parse(await answer.json());
  const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [TaskARN] }));
  const { group, startedBy } = tasks?.[0] ?? {};
  const service = /^service:(.+)$/.exec(group ?? '')?.[1];
  if (service === undefined || startedBy === undefined) throw new Error(`${TaskARN} is of no service`);
  const addresses = Containers.flatMap(({ Networks }) => Networks.flatMap((one) => one.IPv4Addresses));
  return { cluster, service, deployment: startedBy, addresses: [...new Set(addresses)] };
}
