import { AwsError } from '../http/errors.ts';
import { arn } from '../identity.ts';
import type { JsonObject } from '../template.ts';
import type { Needed } from './policy.ts';

/* Which permissions a request needs ("Actions, resources, and condition keys for AWS services"). */

/** What a request names by less than what its permission needs. */
export interface StackLookup {
  /** @returns a task definition's whole ARN and the roles that its tasks are given, or undefined where there is none */
  taskDefinition: (id: string) => { arn: string; taskRole: string; executionRole: string } | undefined;
}

type Rule = (request: JsonObject, stack: StackLookup) => Needed[];

const text = (value: unknown) => String(value ?? '');
const lastPart = (id: string) => id.slice(id.lastIndexOf('/') + 1);
const clusterArn = (request: JsonObject) =>
  arn('ecs', `cluster/${lastPart(text(request.cluster ?? 'default'))}`);
const inCluster = (request: JsonObject) => ({ 'ecs:cluster': clusterArn(request) });
const tableArn = (name: unknown) => arn('dynamodb', `table/${lastPart(text(name))}`);

const taskArns = (request: JsonObject, tasks: unknown[]) =>
  tasks.map((task) => arn('ecs', `task/${lastPart(clusterArn(request))}/${lastPart(text(task))}`));

const onSecret =
  (action: string): Rule =>
  ({ SecretId }) => [{ action: `secretsmanager:${action}`, resource: text(SecretId) }];

const onQueue =
  (action: string): Rule =>
  ({ QueueUrl, QueueName }) => [
    { action: `sqs:${action}`, resource: arn('sqs', lastPart(text(QueueUrl ?? QueueName))) },
  ];

const onTable =
  (action: string): Rule =>
  ({ TableName, IndexName }) => [
    {
      action: `dynamodb:${action}`,
      resource:
        IndexName === undefined ? tableArn(TableName) : `${tableArn(TableName)}/index/${text(IndexName)}`,
    },
  ];

/** Part of a transaction → the permission it needs, as if it were alone. */
const transactionActions = new Map(
  Object.entries<string>({
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
    Get: 'GetItem',
  }),
);

const onTransaction: Rule = ({ TransactItems }) =>
  ((TransactItems ?? []) as JsonObject[]).flatMap((item) =>
    Object.entries(item).map(([part, write]) => ({
      action: `dynamodb:${transactionActions.get(part) ?? part}`,
      resource: tableArn((write as JsonObject).TableName),
    })),
  );

const onBatch =
  (action: string): Rule =>
  ({ RequestItems }) =>
    Object.keys((RequestItems ?? {}) as JsonObject).map((name) => ({
      action: `dynamodb:${action}`,
      resource: tableArn(name),
    }));

/** The table that each statement of PartiQL updates. */
const onStatements: Rule = ({ Statements }) =>
  ((Statements ?? []) as JsonObject[]).map(({ Statement }) => {
    const [, name = ''] = /^UPDATE "([^"]+)"/.exec(text(Statement)) ?? [];
    return { action: 'dynamodb:PartiQLUpdate', resource: tableArn(name) };
  });

/** Who starts a task hands it its roles, so needs to be allowed to pass them (ECS developer guide, "PassRole"). */
const onRunTask: Rule = (request, stack) => {
  const asked = text(request.taskDefinition);
  const definition = stack.taskDefinition(asked);
  const overrides = (request.overrides ?? {}) as JsonObject;
  const roles = [
    overrides.taskRoleArn ?? definition?.taskRole,
    overrides.executionRoleArn ?? definition?.executionRole,
  ].filter((role) => role !== undefined && role !== '');
  return [
    {
      action: 'ecs:RunTask',
      resource: definition?.arn ?? arn('ecs', `task-definition/${lastPart(asked)}`),
      context: inCluster(request),
    },
    ...roles.map((role) => ({
      action: 'iam:PassRole',
      resource: text(role),
      context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    })),
    ...(Array.isArray(request.tags) && request.tags.length > 0
      ? [
          {
            action: 'ecs:TagResource',
            resource: arn('ecs', `task/${lastPart(clusterArn(request))}/*`),
            context: { ...inCluster(request), 'ecs:CreateAction': 'RunTask' },
          },
        ]
      : []),
  ];
};

const rules = new Map(
  Object.entries<Rule>({
    'AWSEvents.PutEvents': ({ Entries }) =>
      ((Entries ?? []) as JsonObject[]).map(({ EventBusName }) => ({
        action: 'events:PutEvents',
        resource: arn('events', `event-bus/${lastPart(text(EventBusName ?? 'default'))}`),
      })),

    'AmazonEC2ContainerServiceV20141113.RunTask': onRunTask,
    'AmazonEC2ContainerServiceV20141113.StopTask': (request) =>
      taskArns(request, [request.task]).map((resource) => ({
        action: 'ecs:StopTask',
        resource,
        context: inCluster(request),
      })),
    'AmazonEC2ContainerServiceV20141113.DescribeTasks': (request) =>
      taskArns(request, (request.tasks ?? []) as unknown[]).map((resource) => ({
        action: 'ecs:DescribeTasks',
        resource,
        context: inCluster(request),
      })),
    'AmazonEC2ContainerServiceV20141113.DescribeServices': (request) =>
      ((request.services ?? []) as unknown[]).map((service) => ({
        action: 'ecs:DescribeServices',
        resource: arn('ecs', `service/${lastPart(clusterArn(request))}/${lastPart(text(service))}`),
        context: inCluster(request),
      })),
    'AmazonEC2ContainerServiceV20141113.ListTasks': (request) => [
      { action: 'ecs:ListTasks', resource: '*', context: inCluster(request) },
    ],

    'secretsmanager.GetSecretValue': onSecret('GetSecretValue'),
    'secretsmanager.PutSecretValue': onSecret('PutSecretValue'),

    'AmazonSQS.GetQueueUrl': onQueue('GetQueueUrl'),
    'AmazonSQS.SendMessage': onQueue('SendMessage'),
    'AmazonSQS.ReceiveMessage': onQueue('ReceiveMessage'),
    'AmazonSQS.DeleteMessage': onQueue('DeleteMessage'),
    'AmazonSQS.ChangeMessageVisibility': onQueue('ChangeMessageVisibility'),

    'AmazonSSM.GetParameter': ({ Name }) => [
      { action: 'ssm:GetParameter', resource: arn('ssm', `parameter${text(Name)}`) },
    ],
    'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken': () => [
      { action: 'ecr:GetAuthorizationToken', resource: '*' },
    ],
    'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories': ({ repositoryNames }) =>
      ((repositoryNames ?? ['*']) as unknown[]).map((name) => ({
        action: 'ecr:DescribeRepositories',
        resource: arn('ecr', `repository/${text(name)}`),
      })),
    'AmazonEC2ContainerRegistry_V20150921.DescribeImages': ({ repositoryName }) => [
      { action: 'ecr:DescribeImages', resource: arn('ecr', `repository/${text(repositoryName)}`) },
    ],

    'DynamoDB_20120810.DescribeTable': onTable('DescribeTable'),
    'DynamoDB_20120810.DescribeTimeToLive': onTable('DescribeTimeToLive'),
    'DynamoDB_20120810.GetItem': onTable('GetItem'),
    'DynamoDB_20120810.PutItem': onTable('PutItem'),
    'DynamoDB_20120810.UpdateItem': onTable('UpdateItem'),
    'DynamoDB_20120810.DeleteItem': onTable('DeleteItem'),
    'DynamoDB_20120810.Query': onTable('Query'),
    'DynamoDB_20120810.Scan': onTable('Scan'),
    'DynamoDB_20120810.BatchGetItem': onBatch('BatchGetItem'),
    'DynamoDB_20120810.BatchExecuteStatement': onStatements,
    'DynamoDB_20120810.BatchWriteItem': onBatch('BatchWriteItem'),
    'DynamoDB_20120810.TransactWriteItems': onTransaction,
    'DynamoDB_20120810.TransactGetItems': onTransaction,
  }),
);

/**
 * @param target `X-Amz-Target`
 * @throws AwsError where an operation has no rule, so that none is let through unseen
 */
export function neededFor(target: string, request: JsonObject, stack: StackLookup): Needed[] {
  const rule = rules.get(target);
  if (!rule)
    throw new AwsError('UnknownOperationException', `the local cloud knows no permission for ${target}`);
  return rule(request, stack);
}

/** What sending to a queue needs. */
export function neededToSend(queueArn: string): Needed {
  return { action: 'sqs:SendMessage', resource: queueArn };
}

/** What invoking a function needs. */
export function neededToInvoke(functionArn: string): Needed {
  return { action: 'lambda:InvokeFunction', resource: functionArn };
}

/** What the role of a rule's target needs to give a stream a record: EventBridge asks for both. */
export function neededToPutRecord(streamArn: string): Needed[] {
  return ['firehose:PutRecord', 'firehose:PutRecordBatch'].map((action) => ({ action, resource: streamArn }));
}

export function neededToInvokeDestination(destinationArn: string): Needed {
  return { action: 'events:InvokeApiDestination', resource: destinationArn };
}
