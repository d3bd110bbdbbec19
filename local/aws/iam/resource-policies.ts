import { blaming } from '../http/errors.ts';
import { arn } from '../identity.ts';
import { functionNameOf } from '../lambda/function-name.ts';
import type { JsonObject, Resource } from '../template.ts';
import { readStatement, type Statement } from './policy.ts';
import { statementsIn } from './role-policies.ts';

/**
 * What the policies of resources allow, by the resource's ARN: who may invoke a function, who may send to a queue.
 * @throws UnsupportedError for a policy that is not understood
 */
export function readResourcePolicies(resources: readonly Resource[]): Map<string, Statement[]> {
  const byResource = new Map<string, Statement[]>();
  const add = (resource: string, where: string, statements: JsonObject[]) => {
    const read = blaming(where, () => statements.map((statement) => readStatement(where, statement, true)));
    byResource.set(resource, [...(byResource.get(resource) ?? []), ...read]);
  };
  for (const { type, logicalId, properties } of resources) {
    if (type === 'AWS::Lambda::Permission') {
      const functionArn = arn('lambda', `function:${functionNameOf(String(properties.FunctionName))}`);
      add(functionArn, logicalId, [permissionStatement(functionArn, properties)]);
    }
    if (type === 'AWS::SQS::QueuePolicy') {
      for (const url of (properties.Queues ?? []) as string[]) {
        const queue = resources.find(({ ref }) => ref === url);
        add(queue?.attributes.Arn ?? url, logicalId, statementsIn(properties.PolicyDocument));
      }
    }
  }
  return byResource;
}

/** What Lambda makes of an `AddPermission`. */
function permissionStatement(functionArn: string, { Action, Principal, SourceArn }: JsonObject): JsonObject {
  return {
    Effect: 'Allow',
    Principal: { Service: Principal ?? '' },
    Action: Action ?? '',
    Resource: functionArn,
    ...(SourceArn !== undefined && { Condition: { ArnLike: { 'aws:SourceArn': SourceArn } } }),
  };
}
