import type { JsonObject } from '../template.ts';
import { containersOf, listIn, onEach, type Rule } from './rule.ts';

function wrongOf(container: JsonObject, all: readonly JsonObject[]): string | undefined {
  for (const { ContainerName, Condition } of listIn(container.DependsOn)) {
    const other = all.find(({ Name }) => Name === ContainerName);
    if (!other)
      return `Container ${container.Name} depends on ${ContainerName}, which the task does not have.`;
    const waitsForEnd = Condition === 'COMPLETE' || Condition === 'SUCCESS';
    if (waitsForEnd && other.Essential !== false)
      return `An essential container cannot be waited for as ${Condition}.`;
    if (Condition === 'HEALTHY' && !other.HealthCheck)
      return `Container ${ContainerName} has no health check.`;
  }
  return undefined;
}

/** A container waits for one that is there, and for what can become of it. */
export const ecsDependencies: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) => {
    const all = containersOf(definition);
    return all.map((container) => wrongOf(container, all)).find((wrong) => wrong !== undefined);
  }),
};
