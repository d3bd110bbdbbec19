import type { JsonObject } from '../template.ts';
import { containersOf, isFargate, onEach, type Rule } from './rule.ts';

const ofHost = ['Devices', 'SharedMemorySize', 'Tmpfs'] as const;

/** A task on Fargate gets nothing of its host. */
export const ecsFargateDevices: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-task-defs',
  refuse: onEach(['AWS::ECS::TaskDefinition'], (definition) => {
    if (!isFargate(definition)) return undefined;
    const asked = containersOf(definition).flatMap((container) => {
      const linux = (container.LinuxParameters ?? {}) as JsonObject;
      return [
        ...(container.Privileged === true ? ['privileged'] : []),
        ...ofHost.filter((name) => name in linux),
      ];
    });
    return asked.length === 0 ? undefined : `Fargate does not support ${asked.join(', ')}.`;
  }),
};
