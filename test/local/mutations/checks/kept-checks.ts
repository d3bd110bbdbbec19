import { randomUUID } from 'node:crypto';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import { sweepPage } from '../../../../local/aws/dynamodb/expiry.ts';
import type { JsonObject, Resource } from '../../../../local/aws/template.ts';
import { until } from '../../../support/until.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type Check, runGateway } from './check.ts';

/** What goes and what stays: rows that ran out, events that could not be handled. */
export const sweepChecks: readonly Check[] = [
  {
    name: 'what has expired is swept from the table',
    run: async (plane) => {
      await plane.clear();
      const username = `10.0.0.3.${plane.environment.GATEWAY_NAME}.1`;
      await plane.command('REGISTER_FUNCTION', plane.register(username));
      const { table } = plane;
      const inAnHour = Math.floor(Date.now() / 1000) + 3600;
      await sweepPage(plane.cloud.dynamoDbEndpoint, table, inAnHour);
      const row = { TableName: table.ref, Key: { pk: { S: `GW#${username}` } } };
      const { Item } = await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'GetItem', row);
      if (Item) throw new Error(`${table.ref}: the TTL of the table does not sweep what has expired`);
    },
  },
];

/** The last ones: they make go wrong what before must not. */
export const deadLetterChecks: readonly Check[] = [
  {
    name: 'nothing was refused on the way, and nothing went to the dead letters',
    run: async ({ troubles }) => {
      if (troubles.length > 0) throw new Error(troubles.join('\n'));
    },
  },
  {
    name: 'what a rule may not deliver is kept in its dead letters',
    run: (plane) =>
      plane.expectingTrouble(async () => {
        const { cloud, resources } = plane;
        const queues = queuesOf(plane).map((name) => cloud.queues.find(name).url);
        cloud.permissions.provision(resources.filter((one) => !letsSendTo(one, queues)));
        try {
          await plane.tell({ type: 'gateway.unregistered', username: '10.0.0.5.x.1', registrationId: 'r' });
          const cancelled = { callId: `call-${randomUUID()}`, gatewayAnswered: false };
          await plane.tell({ type: 'call.cancelled', ...cancelled });
          await runGateway(plane);
        } finally {
          cloud.permissions.provision(resources);
        }
        const lost = plane.troubles.filter((trouble) => trouble.includes('dead-letters'));
        if (lost.some((trouble) => trouble.includes('sqs:SendMessage'))) throw new Error(lost.join('\n'));
        const rules = resources.filter(
          ({ type, properties }) => type === 'AWS::Events::Rule' && toQueue(properties),
        );
        for (const { logicalId, properties } of rules) {
          const targets = (properties.Targets ?? []) as JsonObject[];
          if (targets.every(({ DeadLetterConfig }) => DeadLetterConfig)) continue;
          throw new Error(`${logicalId}: what it cannot deliver is lost, for it has no queue for it`);
        }
        if (plane.letters.length < rules.length)
          throw new Error(`only ${plane.letters.length} dead letters of ${rules.length} rules`);
      }),
  },
  {
    name: 'an event that its functions fail on for good is kept by each in the dead letters',
    run: (plane) =>
      plane.expectingTrouble(async () => {
        await plane.put('call.ended', { version: 1, type: 'call.ended', callId: 7 });
        for (const name of queuesOf(plane)) {
          await until(`${name} is done with it`, () => plane.cloud.events.open === 0);
          if (plane.letters.some(({ queue }) => queue === `${name}-dead-letters`)) continue;
          throw new Error(`what comes by ${name} and fails for good is lost`);
        }
      }),
  },
];

const queuesOf = ({ cloud }: ControlPlane) => {
  const { CallsQueue = '', FleetQueue = '' } = cloud.stack.outputs;
  return [CallsQueue, FleetQueue];
};

const letsSendTo = ({ type, properties }: Resource, urls: readonly string[]) =>
  type === 'AWS::SQS::QueuePolicy' && (properties.Queues as string[]).some((url) => urls.includes(url));

const toQueue = ({ Targets }: JsonObject) =>
  ((Targets ?? []) as JsonObject[]).some(({ Arn }) => String(Arn).includes(':sqs:'));
