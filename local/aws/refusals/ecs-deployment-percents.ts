import type { JsonObject } from '../template.ts';
import { onEach, type Rule } from './rule.ts';

/** An update may begin: it may have more tasks than wanted, or fewer. */
export const ecsDeploymentPercents: Rule = {
  source: 'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html',
  refuse: onEach(['AWS::ECS::Service'], ({ properties }) => {
    const { MinimumHealthyPercent = 100, MaximumPercent = 200 } = (properties.DeploymentConfiguration ??
      {}) as JsonObject;
    return Number(MaximumPercent) <= Number(MinimumHealthyPercent) && Number(MinimumHealthyPercent) >= 100
      ? 'The specified deployment configuration blocks the deployment of the service: neither more nor fewer tasks may run.'
      : undefined;
  }),
};
