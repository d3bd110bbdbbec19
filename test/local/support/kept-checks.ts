import { callDynamoDb } from '../../../local/aws/dynamodb.ts';
import type { JsonObject } from '../../../local/aws/template.ts';
import { until } from '../until.ts';
import type { Check } from './check.ts';

/** What goes and what stays: rows that ran out, events that could not be handled. */
export const sweepChecks: readonly Check[] = [
  {
    name: 'what has expired is swept from the table',
    run: async (plane) => {
      const username = `10.0.0.3.${plane.environment.GATEWAY_NAME}.1`;
      await plane.command('REGISTER_FUNCTION', plane.register(username));
      const { table } = plane;
      await plane.clear();
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
        cloud.permissions.provision(resources.filter(({ type }) => type !== 'AWS::Lambda::Permission'));
        try {
          await plane.tell({ type: 'edge.heartbeat', generation: 1, calls: 0, leaseSec: 15 });
          cloud.buses.fireSchedules();
        } finally {
          cloud.permissions.provision(resources);
        }
        const lost = plane.troubles.filter((trouble) => trouble.includes('sqs:SendMessage'));
        if (lost.length > 0) throw new Error(lost.join('\n'));
        for (const { logicalId, properties } of resources.filter(
          ({ type }) => type === 'AWS::Events::Rule',
        )) {
          const targets = (properties.Targets ?? []) as JsonObject[];
          if (targets.every(({ DeadLetterConfig }) => DeadLetterConfig)) continue;
          throw new Error(`${logicalId}: what it cannot deliver is lost, for it has no queue for it`);
        }
        if (plane.letters.length < 2)
          throw new Error(`only ${plane.letters.length} dead letters of two events`);
      }),
  },
  {
    name: 'an event that its function fails on for good is kept in the dead letters',
    run: (plane) =>
      plane.expectingTrouble(async () => {
        await plane.put('call.ended', { version: 1, type: 'call.ended', callId: 7 });
        const calls = plane.environment.CALLS_FUNCTION;
        const isKept = () => plane.letters.some(({ requestContext }) => requestContext !== undefined);
        await until(`${calls} is done with it`, () => plane.cloud.functions.openEvents === 0);
        if (!isKept()) throw new Error(`what ${calls} fails on for good is lost`);
      }),
  },
];
