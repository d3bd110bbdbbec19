import type { ProvisionedResource } from '../assets/assets.ts';
import { AwsError } from '../http/errors.ts';
import { familyOf, readTaskDefinition } from './task-definition.ts';
import type { LocalTaskDefinition } from './task-run.ts';

/** @returns the name at the end of an ARN */
export const lastPart = (id: string) => id.slice(id.lastIndexOf('/') + 1);

/** The clusters and task definitions of the stacks. */
export class StackResources {
  /** Name → ARN. */
  readonly #clusters = new Map<string, string>();
  readonly #definitions = new Map<string, LocalTaskDefinition>();

  constructor(resources: readonly ProvisionedResource[]) {
    for (const resource of resources) {
      if (resource.type === 'AWS::ECS::Cluster')
        this.#clusters.set(resource.ref, resource.attributes.Arn ?? '');
      if (resource.type === 'AWS::ECS::TaskDefinition') {
        const { imageDirectory } = resource.assets;
        const definition = { ...readTaskDefinition(resource), imageDirectory };
        this.#definitions.set(definition.family, definition);
      }
    }
  }

  clusterArn(name: string): string | undefined {
    return this.#clusters.get(name);
  }

  /** @returns the task definition of this ARN, `family:revision` or `family` */
  definition(id: string): LocalTaskDefinition | undefined {
    return this.#definitions.get(familyOf(id));
  }

  /** @throws AwsError ClusterNotFoundException */
  clusterName(cluster = 'default'): string {
    const name = lastPart(cluster);
    if (!this.#clusters.has(name)) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
    return name;
  }

  /** @throws AwsError ClientException where there is none */
  givenDefinition(id = ''): LocalTaskDefinition {
    const definition = this.definition(id);
    if (!definition) throw new AwsError('ClientException', `Unable to find task definition ${id}.`);
    return definition;
  }
}
