import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startCountingProxy } from '../../../bench/support/counting-proxy.ts';
import { functionResource, stackOf, startTestCloud, startTestDynamoDb } from './test-cloud.ts';

/* A function's requests to the table: which of them the endpoint sees. */

const tableArn = { 'Fn::GetAtt': ['Things', 'Arn'] };

/** A function and its table. @param actions what its role may do on the table */
const resources = (...actions: string[]) => ({
  Things: {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: 'things',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    },
  },
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {},
      Policies: [
        {
          PolicyName: 'all',
          PolicyDocument: {
            Statement: [
              { Effect: 'Allow', Action: 'logs:*', Resource: '*' },
              { Effect: 'Allow', Action: actions, Resource: tableArn },
            ],
          },
        },
      ],
    },
  },
  Function: functionResource('table', { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } }),
});

async function start(...actions: string[]) {
  const engine = await startTestDynamoDb();
  const proxy = await startCountingProxy(() => engine.endpoint);
  const cloud = await startTestCloud(resources(...actions), { dynamoDbEndpoint: proxy.url });
  const lambda = new LambdaClient({ ...cloud.client, maxAttempts: 1 });
  onTestFinished(async () => {
    lambda.destroy();
    await cloud.close();
    proxy.close();
    await engine.stop();
  });
  const check = vi.spyOn(cloud.permissions, 'check');
  const denials: string[] = [];
  cloud.permissions.observe((denial) => denials.push(denial));
  return {
    denials,
    /** How often the endpoint was asked to let something be done. */
    looks: () => check.mock.calls.filter(([, { action }]) => action.startsWith('dynamodb:')).length,
    /** How often the engine was. */
    gets: () => proxy.counts.GetItem ?? 0,
    deploy: (...allowed: string[]) => cloud.deploy(stackOf(resources(...allowed))),
    ask: async (event: { put?: true; countOnce?: string } = {}) => {
      const { Payload } = await lambda.send(
        new InvokeCommand({ FunctionName: 'Test-Function', Payload: JSON.stringify(event) }),
      );
      return JSON.parse(Payload?.transformToString() ?? '');
    },
  };
}

const denied = expect.stringMatching(
  /^AccessDeniedException: .* not authorized to perform: dynamodb:PutItem/,
);

it('is looked at once for each kind, and goes to the engine from then on', async () => {
  const { ask, looks, gets } = await start('dynamodb:GetItem', 'dynamodb:PutItem');
  await ask({ put: true });
  for (let i = 0; i < 5; i += 1) expect(await ask()).toEqual({ pk: { S: '1' } });
  expect(gets()).toBe(5);
  expect(looks()).toBe(2);
});

it('is refused, and told of, each time it is not allowed, whatever else is', async () => {
  const { ask, denials } = await start('dynamodb:GetItem');
  expect(await ask()).toBeNull();
  expect(await ask({ put: true })).toEqual(denied);
  expect(await ask({ put: true })).toEqual(denied);
  expect(denials).toHaveLength(2);
});

it('is looked at anew when the permissions are others', async () => {
  const { ask, deploy, looks } = await start('dynamodb:GetItem', 'dynamodb:PutItem');
  await ask({ put: true });
  await ask({ put: true });
  expect(looks()).toBe(1);
  await deploy('dynamodb:GetItem');
  expect(await ask({ put: true })).toEqual(denied);
  await deploy('dynamodb:GetItem', 'dynamodb:PutItem');
  expect(await ask({ put: true })).toBeNull();
});

it('brings the engine no token of a transaction, which it would keep for ten minutes', async () => {
  const { ask } = await start('dynamodb:GetItem', 'dynamodb:UpdateItem');
  for (let i = 0; i < 3; i += 1) expect(await ask({ countOnce: 'é-token' })).toBeNull();
  // The first came by the endpoint, with its token.
  expect(await ask()).toMatchObject({ n: { N: '3' } });
});
