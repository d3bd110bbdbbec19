import { UnsupportedError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';
import { readTaskDefinition, type TaskDefinition } from './task-definition.ts';

/** An ECS service: a task that is always there. */
export interface EcsService {
  logicalId: string;
  definition: TaskDefinition;
  clusterName: string;
  desiredCount: number;
  /** The name its tasks are found by inside the network (AWS Cloud Map). */
  dnsName: string | undefined;
}

/**
 * The `AWS::ECS::Service` resources of a stack, in their order.
 * @throws UnsupportedError where one names a task definition that the stack does not have
 */
export function readServices(resources: readonly Resource[]): EcsService[] {
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const definitions = new Map(
    ofType('AWS::ECS::TaskDefinition').map((resource) => [resource.ref, readTaskDefinition(resource)]),
  );
  const namespaces = new Map(
    ofType('AWS::ServiceDiscovery::PrivateDnsNamespace').map((resource) => [
      resource.attributes.Id,
      String(resource.properties.Name),
    ]),
  );
  const names = new Map(
    ofType('AWS::ServiceDiscovery::Service').map(({ attributes, properties }) => {
      const { NamespaceId } = properties.DnsConfig as JsonObject;
      return [attributes.Arn, `${properties.Name}.${namespaces.get(String(NamespaceId))}`];
    }),
  );
  return ofType('AWS::ECS::Service').map(({ logicalId, properties }) => {
    const definition = definitions.get(String(properties.TaskDefinition));
    if (!definition)
      throw new UnsupportedError(
        `${logicalId}: the stack has no task definition ${properties.TaskDefinition}`,
      );
    const [registry] = (properties.ServiceRegistries ?? []) as { RegistryArn?: string }[];
    return {
      logicalId,
      definition,
      clusterName: String(properties.Cluster),
      desiredCount: Number(properties.DesiredCount ?? 1),
      dnsName: names.get(registry?.RegistryArn),
    };
  });
}
