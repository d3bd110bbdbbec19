import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callRecordType } from '../../../../contracts/call-record.ts';
import { until } from '../../../support/until.ts';
import type { ControlPlane } from '../control-plane.ts';
import { receiver } from '../receiver.ts';
import { type Check, upCall } from './check.ts';

/** Ends a call that gets no gateway, and so has a record: of which the rules of the bus must take care. */
async function fail(plane: ControlPlane, callId: string): Promise<void> {
  await plane.command('ALLOCATE_FUNCTION', plane.allocate(callId));
  const record = recordOf(plane, callId);
  await plane.tell({ type: 'call.failed', callId, outcome: 'pool-exhausted', failed: [] });
  // Where a rule may not deliver it, that is trouble too, but of a record that was told.
  const what = `Switchroom-facts is told the record of ${callId}`;
  await until(what, () => record.isTold || plane.troubles.length > 0);
  if (!record.isTold) throw new Error([`not to be: ${what}`, ...plane.troubles].join('\n'));
  for (const target of ['deliverystream', 'api-destination']) {
    if (!record.targets.includes(`:${target}/`))
      throw new Error(`no rule of Switchroom-facts takes call.record to a ${target}`);
  }
}

/** Looks whether the bus is told the record of a call, and where its rules take that. */
function recordOf({ cloud, resources }: ControlPlane, callId: string) {
  const seen = { isTold: false, targets: '' };
  cloud.buses.observe(({ 'detail-type': type, detail }, _bus, takers) => {
    if (type !== callRecordType || detail.callId !== callId) return;
    const rules = resources.filter(({ logicalId }) => takers.includes(logicalId));
    seen.targets += JSON.stringify(rules.map(({ properties }) => properties.Targets));
    seen.isTold = true;
  });
  return seen;
}

/** Fails with what was refused on the way, where a letter does not come into the queue. */
async function letterIn(plane: ControlPlane, queue: string): Promise<void> {
  const lost = () => plane.troubles.some((trouble) => trouble.includes('sqs:SendMessage'));
  const isKept = () => plane.letters.some((letter) => letter.queue === queue);
  await until(`${queue} keeps what was not delivered`, () => isKept() || lost());
  if (!isKept()) throw new Error([`${queue} keeps nothing`, ...plane.troubles].join('\n'));
}

/** What others are told of calls that are over. */
export const recordChecks: readonly Check[] = [
  {
    name: 'the bus is told the record of a call that is over',
    run: async (plane) => {
      const { call, gateway } = await upCall(plane);
      const record = recordOf(plane, call);
      await plane.tell({ type: 'call.ended', callId: call, gateway, by: 'caller', outcome: 'answered' });
      await plane.until(`Switchroom-facts is told the record of ${call}`, () => record.isTold);
      await plane.settle();
    },
  },
  {
    name: 'the record of a call goes to S3 and to the receiver of facts, who is shown the secret',
    run: async (plane) => {
      const { cloud } = plane;
      const file = join(cloud.dir, 'streams', `${cloud.stack.name}-records.ndjson`);
      const callId = `call-${randomUUID()}`;
      await fail(plane, callId);
      const written = () =>
        existsSync(file) &&
        readFileSync(file, 'utf8')
          .split('\n')
          .some((line) => line.includes(callId));
      await plane.until(`Switchroom-records has the record of ${callId}`, written);
      const sent = () => receiver.received.find(({ body }) => body.callId === callId);
      await plane.until(`the receiver has the record of ${callId}`, () => sent() !== undefined);
      const { WebhookSecretName: SecretId = '' } = cloud.stack.outputs;
      const secret = cloud.secrets.getSecretValue({ SecretId });
      if (sent()?.headers.authorization === secret.SecretString) return;
      throw new Error('the receiver is not shown the value of WebhookSecretName');
    },
  },
  {
    name: 'what an export cannot deliver is kept in its dead letters',
    run: (plane) =>
      plane.expectingTrouble(async () => {
        const { cloud, resources } = plane;
        const mayPut = JSON.stringify('firehose:PutRecord');
        receiver.status = 400;
        cloud.permissions.provision(
          resources.filter(
            ({ type, properties }) =>
              type !== 'AWS::IAM::Policy' || !JSON.stringify(properties).includes(mayPut),
          ),
        );
        try {
          await fail(plane, `call-${randomUUID()}`);
          await letterIn(plane, 'Switchroom-records-dead-letters');
          await letterIn(plane, 'Switchroom-webhook-dead-letters');
        } finally {
          cloud.permissions.provision(resources);
          receiver.status = 200;
        }
      }),
  },
];
