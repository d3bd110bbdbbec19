import type { LocalCloud } from '../../local/aws/cloud.ts';
import type { Operation } from '../../local/aws/http/endpoint.ts';
import type { Service } from './service.ts';

interface Running {
  cloud: LocalCloud;
  services: readonly Service[];
}

const lastPart = (id: string) => id.slice(id.lastIndexOf('/') + 1);

/** What an edge asks of ECS: its own task, and its service. Tasks of no service are the local cloud's. */
export function ecsOperations(lab: () => Running): ReadonlyMap<string, Operation> {
  const ecs = 'AmazonEC2ContainerServiceV20141113';
  return new Map<string, Operation>([
    [
      `${ecs}.DescribeServices`,
      ({ services: names }) => ({
        services: lab()
          .services.filter(({ deployed }) => (names as string[]).map(lastPart).includes(deployed.name))
          .map(({ description }) => description),
        failures: [],
      }),
    ],
    [
      `${ecs}.DescribeTasks`,
      (request) => {
        const { cloud, services } = lab();
        const [id = ''] = (request.tasks as string[]).map(lastPart);
        const service = services.find((one) => one.deploymentOf(id) !== undefined);
        if (service === undefined) return cloud.tasks.describeTasks(request as { tasks?: string[] });
        const group = `service:${service.deployed.name}`;
        return { tasks: [{ taskArn: id, group, startedBy: service.deploymentOf(id) }], failures: [] };
      },
    ],
  ]);
}
