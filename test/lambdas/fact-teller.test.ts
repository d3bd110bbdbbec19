import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { expect, it, onTestFinished } from 'vitest';
import { NotTold } from '../../lambdas/domain/errors.ts';
import { factTeller } from '../../lambdas/runtime/fact-teller.ts';
import { type AwsBehaviour, openAws } from '../sip-edge/support/aws.ts';

/* What tells the bus, with the SDK unmodified, before an HTTP server that speaks the AWS wire. */

async function open(putEvents: NonNullable<AwsBehaviour['putEvents']>) {
  const aws = await openAws({ putEvents });
  const client = new EventBridgeClient({ ...aws.config, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return { aws, tell: factTeller<{ type: string }>(client, 'bus', 'us') };
}

const facts = (count: number) => Array.from({ length: count }, (_, at) => ({ type: `fact-${at}` }));

it('what is told at once goes in one request, ten at most', async () => {
  const { aws, tell } = await open(() => undefined);
  await Promise.all(facts(12).map(tell));
  const types = aws.requests.map(({ body }) =>
    (body as { Entries: { DetailType: string }[] }).Entries.map(({ DetailType }) => DetailType),
  );
  expect(types.map(({ length }) => length).sort()).toEqual([10, 2].sort());
  expect(types.flat().sort()).toEqual(
    facts(12)
      .map(({ type }) => type)
      .sort(),
  );
  await tell({ type: 'later' });
  expect(aws.requests[2]?.body).toMatchObject({
    Entries: [{ EventBusName: 'bus', Source: 'us', DetailType: 'later', Detail: '{"type":"later"}' }],
  });
});

it('each learns what became of its own, also where the answer is for fewer', async () => {
  const Entries = [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }];
  const { tell } = await open(() => ({ FailedEntryCount: 1, Entries }));
  const results = await Promise.allSettled(facts(3).map(tell));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(results[1]).toMatchObject({ reason: expect.any(NotTold) });
});
