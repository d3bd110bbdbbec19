import { afterAll, beforeAll, expect, it } from 'vitest';
import { idsOf, without, withoutEachGrant } from './mutations.ts';
import { Noticing } from './noticing.ts';

/*
 * The checks that hold the template to what it must do (permissions.test.ts runs them) are themselves held to notice:
 * without each grant they fail, and say which it is. variables.test.ts and rules.test.ts do so for the rest.
 */

let noticing: Noticing;
beforeAll(async () => {
  noticing = await Noticing.start();
});
afterAll(() => noticing?.close());

/** Grants that nothing asks for here, and why they stand in the template. */
const unasked: Record<string, string> = {
  'secretsmanager:DescribeSecret': "comes with CDK's grantRead",
  'sqs:GetQueueAttributes': "comes with CDK's grantSendMessages",
  'sqs:GetQueueUrl': "comes with CDK's grantSendMessages",
  's3:GetBucketLocation': 'Firehose documents it as needed',
  's3:ListBucket': 'Firehose documents it as needed',
  's3:ListBucketMultipartUploads': 'Firehose documents it as needed',
  's3:AbortMultipartUpload': 'Firehose documents it as needed',
  's3:GetObject': 'Firehose documents it as needed',
  'ecs:GetTaskProtection': 'the edge sets its protection and never reads it; ECS documents both as needed',
};

it('without any one grant, a check fails and names it', async () => {
  const grants = withoutEachGrant(noticing.stack.template).filter(({ action }) => !(action in unasked));
  expect(grants.length).toBeGreaterThan(40);
  expect(await noticing.unnoticed(grants)).toEqual([]);
});

it('without any one permission to invoke a function, a check fails and names its rule or the API', async () => {
  const { template } = noticing.stack;
  const permissions = idsOf(template, 'AWS::Lambda::Permission').map((id) => {
    const source = template.Resources[id]?.Properties?.SourceArn as { 'Fn::GetAtt'?: string[] };
    const rule = source['Fn::GetAtt']?.[0];
    return {
      name: id,
      // The API is named by what it is asked for.
      names: ['lambda:InvokeFunction', rule === undefined ? ':execute-api:' : `rule/Switchroom-${rule}`],
      template: without(template, id),
    };
  });
  expect(permissions.length).toBeGreaterThan(1);
  expect(await noticing.unnoticed(permissions)).toEqual([]);
});
