import { AwsError } from '../../local/aws/http/errors.ts';
import { listIn, type QueryOperation, type QueryService, textIn } from '../../local/aws/http/query.ts';
import type { TargetGroup } from './target-group.ts';

/** What an edge asks of Elastic Load Balancing (API version 2015-12-01). */
export function loadBalancing(groups: () => readonly TargetGroup[]): [version: string, QueryService] {
  const groupOf = (arn: string): TargetGroup => {
    const found = groups().find((group) => group.arn === arn);
    if (!found) throw new AwsError('TargetGroupNotFound', `One or more target groups not found: ${arn}`);
    return found;
  };
  const operations: Record<string, QueryOperation> = {
    DescribeTargetHealth: (request) => {
      const group = groupOf(textIn(request, 'TargetGroupArn'));
      return {
        TargetHealthDescriptions: group.described.map(({ address, state }) => ({
          Target: { Id: address, Port: group.port },
          TargetHealth: { State: state },
        })),
      };
    },
    DeregisterTargets: (request) => {
      const group = groupOf(textIn(request, 'TargetGroupArn'));
      for (const { Id } of listIn<{ Id: string }>(request.Targets)) group.deregister(Id);
      return {};
    },
  };
  return [
    '2015-12-01',
    {
      prefix: 'elasticloadbalancing',
      namespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
      operations: new Map(Object.entries(operations)),
      resourceOf: (action, request) =>
        action === 'DeregisterTargets' ? textIn(request, 'TargetGroupArn') : '*',
    },
  ];
}
