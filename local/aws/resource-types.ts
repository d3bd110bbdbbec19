import { accountId, arn, partition, region } from './identity.ts';
import type { Identity, IdentityOf } from './template.ts';

/*
 * Every resource type that our templates may hold, and how such a resource is called. A type that is not here stops
 * the start: a deployment would have it, and the local run would silently not.
 */

const maxNameLength = 64;

type Naming = (name: string, logicalId: string) => Identity;

/** A resource called by its name property, or, where the template leaves it open, after its place in the stack. */
const named =
  (property: string, identify: Naming) =>
  (stackName: string): IdentityOf =>
  (logicalId, read) => {
    const given = read(property);
    const name = typeof given === 'string' ? given : `${stackName}-${logicalId}`.slice(0, maxNameLength);
    return identify(name, logicalId);
  };

const plain =
  (attributes: (logicalId: string) => Record<string, string> = () => ({})) =>
  () =>
  (logicalId: string): Identity => ({ ref: logicalId, attributes: attributes(logicalId) });

const types: Record<string, (stackName: string) => IdentityOf> = {
  'AWS::DynamoDB::Table': named('TableName', (name) => ({
    ref: name,
    attributes: { Arn: arn('dynamodb', `table/${name}`) },
  })),
  'AWS::Lambda::Function': named('FunctionName', (name) => ({
    ref: name,
    attributes: { Arn: arn('lambda', `function:${name}`) },
  })),
  'AWS::Lambda::EventInvokeConfig': plain(),
  'AWS::Events::EventBus': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `event-bus/${name}`), Name: name },
  })),
  'AWS::Events::Rule': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `rule/${name}`) },
  })),
  'AWS::SQS::Queue': named('QueueName', (name) => ({
    ref: `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: { Arn: arn('sqs', name), QueueName: name },
  })),
  'AWS::SecretsManager::Secret': named('Name', (name) => {
    // Secrets Manager adds six characters, so that a secret made anew is another one; ours are always the same.
    const id = arn('secretsmanager', `secret:${name}-local0`);
    return { ref: id, attributes: { Id: id } };
  }),
  'AWS::ECS::Cluster': named('ClusterName', (name) => ({
    ref: name,
    attributes: { Arn: arn('ecs', `cluster/${name}`) },
  })),
  'AWS::ECS::TaskDefinition': named('Family', (family) => {
    const id = arn('ecs', `task-definition/${family}:1`);
    return { ref: id, attributes: { TaskDefinitionArn: id } };
  }),

  // They grant, keep or describe. Nothing of them runs.
  'AWS::IAM::Role': named('RoleName', (name, logicalId) => ({
    ref: name,
    attributes: { Arn: `arn:${partition}:iam::${accountId}:role/${name}`, RoleId: logicalId },
  })),
  'AWS::IAM::Policy': plain(),
  'AWS::Lambda::Permission': plain(),
  'AWS::SQS::QueuePolicy': plain(),
  'AWS::Logs::LogGroup': named('LogGroupName', (name) => ({
    ref: name,
    attributes: { Arn: arn('logs', `log-group:${name}:*`) },
  })),
  'AWS::CDK::Metadata': plain(),
};

/** @returns how resources of each known type are called in this stack. */
export function resourceTypes(stackName: string): Record<string, IdentityOf> {
  return Object.fromEntries(Object.entries(types).map(([type, identify]) => [type, identify(stackName)]));
}
