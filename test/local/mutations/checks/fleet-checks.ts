import { randomUUID } from 'node:crypto';
import { poolKey } from '../../../../lambdas/store/keys.ts';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import { type ControlPlane, peer } from '../control-plane.ts';
import { type Check, compare, runGateway, sayPoolMayGrow } from './check.ts';

const usernameOf = (taskId: string, { environment }: ControlPlane) =>
  `${taskId}.${environment.GATEWAY_NAME}.1`;

/** Ids of the tasks that the fleet has started and that run. */
function startedByFleet({ cloud }: ControlPlane): string[] {
  const { taskArns } = cloud.tasks.listTasks({ cluster: cloud.stack.outputs.Cluster as string });
  const ids = taskArns.map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
  return ids.filter((id) => cloud.tasks.find(id)?.startedBy?.startsWith('switchroom-'));
}

const registered = (username: string) =>
  ({
    type: 'gateway.registered',
    username,
    registrationId: `registration-of-${username}`,
    contact: `sip:${username}@127.0.0.1:5060`,
    received: peer,
  }) as const;

async function isRegistered(username: string, { cloud, table }: ControlPlane): Promise<boolean> {
  const row = { TableName: table.ref, Key: { pk: { S: `GW#${username}` } } };
  return (await callDynamoDb(cloud.dynamoDbEndpoint, 'GetItem', row)).Item !== undefined;
}

/** What the fleet function does about the pool. */
export const fleetChecks: readonly Check[] = [
  {
    name: 'the fleet looks at the pool, also at tasks that it did not start',
    run: async (plane) => {
      await plane.clear();
      await runGateway(plane);
      await plane.settle();
      const row = { TableName: plane.table.ref, Key: { pk: { S: poolKey } } };
      // A tick that finds another run on leaves it to that one, which does not look so far.
      await plane.until(`${plane.fleet} looks at all tasks of the cluster`, async () => {
        plane.tick(plane.fleet);
        await plane.settle();
        const { Item } = await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'GetItem', row);
        return (Item as { reconciledAt?: object } | undefined)?.reconciledAt !== undefined;
      });
    },
  },
  {
    name: 'the fleet starts a gateway for a call that waits, which gets it, and people see why',
    run: async (plane) => {
      await plane.clear();
      plane.tick(plane.fleet);
      await plane.settle();
      const before = startedByFleet(plane);
      const call = `call-${randomUUID()}`;
      compare('allocate', await plane.command('ALLOCATE_FUNCTION', plane.allocate(call)), {
        result: 'waiting',
      });
      const waits = { callId: call, room: '1234', cause: 'starting', ahead: 0, waitedSec: 0 } as const;
      await plane.tell({ type: 'call.waiting', ...waits });
      const started = () => startedByFleet(plane).find((id) => !before.includes(id));
      await plane.until(`${plane.fleet} starts a gateway for ${call}`, () => started() !== undefined);
      const username = usernameOf(started() ?? '', plane);
      await plane.queueIsRead();
      compare('register', await plane.command('REGISTER_FUNCTION', plane.register(username)), {
        matchedCallId: call,
      });
      await plane.tell(registered(username));
      const caller = { uri: 'sip:alice@example.org', received: peer };
      const offer = { callId: call, room: '1234', caller, gateway: username, attempt: 1 };
      await plane.tell({ type: 'call.offered', ...offer });
      await plane.settle();
      plane.cloud.tasks.stopTask({
        cluster: plane.cloud.stack.outputs.Cluster as string,
        task: started() ?? '',
      });
      await plane.settle();
      if (await isRegistered(username, plane)) {
        throw new Error(`${plane.fleet} does not take down the location of a gateway whose task has stopped`);
      }
      await plane.tell({ type: 'gateway.unregistered', username, registrationId: 'anew' });
      await plane.settle();
    },
  },
  {
    name: 'the fleet drains what was superfluous for long',
    run: async (plane) => {
      await plane.clear();
      const taskId = await runGateway(plane);
      await plane.command('REGISTER_FUNCTION', plane.register(usernameOf(taskId, plane)));
      await plane.settle();
      await plane.until(`${plane.fleet} drains a free gateway`, async () => {
        const surplus = { surplusSince: { N: '1' }, surplusMin: { N: '1' } };
        await sayPoolMayGrow(plane, { managed: { N: '1' }, memory: { M: surplus } });
        plane.tick(plane.fleet);
        await plane.settle();
        return plane.cloud.tasks.find(taskId)?.desiredStatus === 'STOPPED';
      });
    },
  },
];
