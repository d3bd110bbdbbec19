import type { Images } from './ecr/images.ts';
import { containerMetadata, taskMetadata } from './ecs/task.ts';
import type { EcsTasks } from './ecs/tasks.ts';
import type { EventBuses } from './events/bus.ts';
import type { Operation } from './http/endpoint.ts';
import type { Secrets } from './secrets.ts';
import type { Queues } from './sqs/queues.ts';
import { getParameter } from './ssm.ts';
import type { JsonObject } from './template.ts';

interface Services {
  buses: EventBuses;
  tasks: EcsTasks;
  secrets: Secrets;
  queues: Queues;
  images: Images;
}

/** The operations served, by service and name as they stand on the wire. */
export function operations({
  buses,
  tasks,
  secrets,
  queues,
  images,
}: Services): ReadonlyMap<string, Operation> {
  const ecs = 'AmazonEC2ContainerServiceV20141113';
  const ecr = 'AmazonEC2ContainerRegistry_V20150921';
  return new Map(
    Object.entries<Operation>({
      'AWSEvents.PutEvents': (request, bytes) => {
        const results = buses.putEvents((request.Entries ?? []) as [], bytes);
        return {
          FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
          Entries: results,
        };
      },
      [`${ecs}.RunTask`]: (request) => tasks.runTask(request),
      [`${ecs}.StopTask`]: (request) => tasks.stopTask(request),
      [`${ecs}.DescribeTasks`]: (request) => tasks.describeTasks(request as { tasks?: string[] }),
      [`${ecs}.ListTasks`]: (request) => tasks.listTasks(request),
      'secretsmanager.GetSecretValue': (request) => secrets.getSecretValue(request),
      'secretsmanager.PutSecretValue': (request) => secrets.putSecretValue(request),
      'AmazonSQS.GetQueueUrl': (request) => queues.getQueueUrl(request),
      'AmazonSQS.SendMessage': (request) => queues.sendMessage(request),
      'AmazonSQS.ReceiveMessage': (request) => queues.receiveMessage(request),
      'AmazonSQS.DeleteMessage': (request) => queues.deleteMessage(request),
      'AmazonSQS.ChangeMessageVisibility': (request) => queues.changeMessageVisibility(request),
      'AmazonSSM.GetParameter': getParameter,
      [`${ecr}.GetAuthorizationToken`]: () => images.getAuthorizationToken(),
      [`${ecr}.DescribeRepositories`]: (request) => images.describeRepositories(request),
      [`${ecr}.DescribeImages`]: (request) => images.describeImages(request),
    }),
  );
}

/** The task metadata endpoint (version 4): `/v4/{task id}` and `/v4/{task id}/task`. */
export function metadata(tasks: EcsTasks, path: string): JsonObject | undefined {
  const [, id, rest] = /^\/v4\/([0-9a-f]{32})(\/task)?$/.exec(path) ?? [];
  const task = id === undefined ? undefined : tasks.find(id);
  if (!task) return undefined;
  return rest ? taskMetadata(task) : containerMetadata(task);
}
