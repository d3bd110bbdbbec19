import { randomUUID } from 'node:crypto';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { answered, type Check, compare, runGateway, sayPoolMayGrow, upCall } from './check.ts';

type Answer = Record<string, unknown>;

/** The call flow, and what else becomes of calls. */
export const callChecks: readonly Check[] = [
  {
    name: 'a gateway registers, refreshes, is listed and leaves',
    run: async (plane) => {
      await plane.clear();
      const username = `10.0.0.1.${plane.environment.GATEWAY_NAME}.1`;
      const ask = (command: object) => plane.command<Answer>('REGISTER_FUNCTION', command);
      compare('register', await ask(plane.register(username, 1)), { result: 'bindings', fresh: true });
      const refresh = (cseq: number) => ({ ...plane.register(username, cseq), isKnown: true });
      compare('register', await ask(refresh(2)), { result: 'bindings', fresh: false });
      compare('register', await ask({ command: 'listBindings', username }), { result: 'bindings' });
      // A restart: another Call-ID and contact take the place of the former.
      const anew = { ...plane.register(username, 1), registrationId: 'anew' };
      compare(
        'register',
        await ask({ ...anew, contacts: [{ uri: `sip:${username}@127.0.0.1:5070`, expiresSec: 60 }] }),
        {
          result: 'bindings',
        },
      );
      const leave = {
        command: 'unregisterGateway',
        username,
        registrationId: 'anew',
        cseq: 3,
        contacts: '*',
        received: { address: '127.0.0.1', port: 5060, protocol: 'tcp' },
      };
      compare('register', await ask(leave), { contacts: [] });
    },
  },
  {
    name: 'gateways and calls that come together are served together',
    run: async (plane) => {
      await plane.clear();
      const name = plane.environment.GATEWAY_NAME;
      const usernames = [1, 2].map((n) => `10.0.1.${n}.${name}.1`);
      const ask = async (variable: 'REGISTER_FUNCTION' | 'ALLOCATE_FUNCTION', batch: object[]) => {
        const { answers } = await plane.command<{ answers: Answer[] }>(variable, { batch });
        const failed = answers.find(({ error }) => error !== undefined);
        if (failed !== undefined) throw new Error(String(failed.error));
        return answers;
      };
      await ask(
        'REGISTER_FUNCTION',
        usernames.map((one) => plane.register(one, 1)),
      );
      const refreshes = usernames.map((one) => ({ ...plane.register(one, 2), isKnown: true }));
      for (const answered of await ask('REGISTER_FUNCTION', refreshes)) {
        compare('register', answered.answer as Answer, { result: 'bindings', fresh: false });
      }
      const calls = [1, 2].map(() => plane.allocate(`call-${randomUUID()}`));
      const granted = await ask('ALLOCATE_FUNCTION', calls);
      const given = granted.map(({ answer }) => (answer as Answer).username).sort();
      compare('allocate', { given: given.join() }, { given: usernames.join() });
    },
  },
  {
    name: 'a call is given a gateway, another when that fails, and ends with the task of its gateway',
    run: async (plane) => {
      await plane.clear();
      const ids = [await runGateway(plane), await runGateway(plane)];
      const name = plane.environment.GATEWAY_NAME;
      for (const id of ids) await plane.command('REGISTER_FUNCTION', plane.register(`${id}.${name}.1`));
      const call = `call-${randomUUID()}`;
      const first = await plane.command<{ username: string }>('ALLOCATE_FUNCTION', plane.allocate(call));
      const failed = [{ username: first.username, cause: 'silent' as const }];
      const again = plane.allocate(call, { attempt: 2, failed });
      const { username } = await plane.command<{ username: string }>('ALLOCATE_FUNCTION', again);
      await plane.tell(answered(call, username));
      await plane.until('the call is answered', async () => (await plane.callState(call)) === 'answered');
      const list = { command: 'listEdgeCalls', edgeId: plane.edgeId, generation: 1, leaseSec: 15 };
      const { calls } = await plane.command<{ calls: { callId: string }[] }>('CALLS_FUNCTION', list);
      compare('calls', { callId: calls[0]?.callId }, { callId: call });
      await plane.tell({
        type: 'call.ended',
        callId: call,
        gateway: username,
        by: 'caller',
        outcome: 'answered',
      });
      await plane.until('the call is over', async () => (await plane.callState(call)) === 'ended');
      const [taskId = ''] = username.split('.');
      await plane.until(
        'its task is stopped',
        () => plane.cloud.tasks.find(taskId)?.desiredStatus === 'STOPPED',
      );
      const back = plane.register(username, 9);
      compare('a gateway whose call is over', await plane.command('REGISTER_FUNCTION', back), {
        result: 'refused',
      });
    },
  },
  {
    name: 'a call that finds no gateway is refused, and says whether all are taken',
    run: async (plane) => {
      await plane.clear();
      const answer = await plane.command<{ result: string }>(
        'ALLOCATE_FUNCTION',
        plane.allocate('call-none'),
      );
      compare('allocate', answer, { result: 'refused', outcome: 'pool-exhausted' });
    },
  },
  {
    name: 'a call waits, asks on, and gets the gateway that registers; its edge asks what to hang up',
    run: async (plane) => {
      await plane.clear();
      await sayPoolMayGrow(plane);
      const waits = `call-${randomUUID()}`;
      for (const call of [waits, `call-${randomUUID()}`]) {
        compare('allocate', await plane.command('ALLOCATE_FUNCTION', plane.allocate(call)), {
          result: 'waiting',
        });
      }
      const username = `10.0.0.4.${plane.environment.GATEWAY_NAME}.1`;
      await plane.queueIsRead();
      const registered = plane.command<Answer>('REGISTER_FUNCTION', plane.register(username));
      compare('register', await registered, { matchedCallId: waits });
      const granted = plane.command<Answer>('ALLOCATE_FUNCTION', plane.allocate(waits));
      compare('allocate', await granted, { result: 'granted', username });
      const ask = { command: 'renewEdge', edgeId: plane.edgeId, generation: 1, leaseSec: 15 };
      compare('calls', await plane.command<Answer>('CALLS_FUNCTION', ask), { hangups: [] });
    },
  },
  {
    name: 'a call finds gateways that have run out only to remove them',
    run: async (plane) => {
      await plane.clear();
      const at = { TableName: plane.table.ref };
      const keys = Array.from({ length: 8 }, (_, n) => `10.0.1.${n}.${plane.environment.GATEWAY_NAME}.1`).map(
        (username) => ({ username, Key: { pk: { S: `GW#${username}` } } }),
      );
      for (const { username, Key } of keys) {
        await plane.command('REGISTER_FUNCTION', plane.register(username));
        const UpdateExpression = 'SET expiresAt = :long';
        const ExpressionAttributeValues = { ':long': { N: '1' } };
        const change = { ...at, Key, UpdateExpression, ExpressionAttributeValues };
        await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'UpdateItem', change);
      }
      const answer = await plane.command<{ result: string }>(
        'ALLOCATE_FUNCTION',
        plane.allocate('call-dead'),
      );
      compare('allocate', answer, { result: 'refused', outcome: 'pool-exhausted' });
      await plane.until('they are gone', async () => {
        const { Count } = await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'Scan', at);
        return Count === 0;
      });
    },
  },
  {
    name: 'a call that is cancelled, one that fails and one whose gateway is lost are over',
    run: async (plane) => {
      const over = (call: string) =>
        plane.until(`${call} is over`, async () => (await plane.callState(call)) === 'ended');
      const offered = async () => {
        await plane.clear();
        const gateway = `10.0.0.2.${plane.environment.GATEWAY_NAME}.1`;
        await plane.command('REGISTER_FUNCTION', plane.register(gateway));
        const call = `call-${randomUUID()}`;
        await plane.command('ALLOCATE_FUNCTION', plane.allocate(call));
        return { call, gateway };
      };
      const first = await offered();
      await plane.tell({
        type: 'call.cancelled',
        callId: first.call,
        gateway: first.gateway,
        gatewayAnswered: false,
      });
      await over(first.call);
      const second = await offered();
      const failed = [{ username: second.gateway, cause: 'silent' as const }];
      await plane.tell({
        type: 'call.failed',
        callId: second.call,
        outcome: 'gateway-failed',
        failed,
        gateway: second.gateway,
      });
      await over(second.call);
      const third = await upCall(plane);
      await plane.tell({
        type: 'gateway.lost',
        callId: third.call,
        username: third.gateway,
        cause: 'silent',
      });
      await over(third.call);
    },
  },
  {
    name: 'the clock ends the calls of an edge that is gone, stops their gateways, and forgets it',
    run: async (plane) => {
      const edgeId = `edge-${randomUUID().slice(0, 8)}`;
      const { call, taskId } = await upCall(plane, edgeId);
      const at = { TableName: plane.table.ref };
      const longAgo = String(Date.now() - 700_000);
      const place = { watchKey: { S: 'edges' }, watchAt: { N: longAgo } };
      const edge = { pk: { S: `EDGE#${edgeId}` }, edgeId: { S: edgeId }, generation: { N: '1' }, ...place };
      await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'PutItem', { ...at, Item: edge });
      const calls = plane.environment.CALLS_FUNCTION;
      const tick = () => plane.tick(calls ?? '');
      await plane.until(`${call} is over, and its task stopped`, async () => {
        tick();
        const isOver = (await plane.callState(call)) === 'ended';
        return isOver && plane.cloud.tasks.find(taskId)?.desiredStatus === 'STOPPED';
      });
      const row = { ...at, Key: { pk: edge.pk } };
      await plane.until(`${edgeId} is forgotten`, async () => {
        tick();
        const { Item } = await callDynamoDb(plane.cloud.dynamoDbEndpoint, 'GetItem', row);
        return !(Item as JsonObject | undefined)?.watchKey;
      });
    },
  },
  {
    name: 'the functions that the clock starts look at what there is',
    run: async (plane) => {
      const tick = JSON.stringify({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} });
      for (const name of [plane.environment.CALLS_FUNCTION ?? '', plane.fleet]) {
        const { kind, ...more } = await plane.cloud.functions.invoke(name, tick);
        if (kind !== 'answer') throw new Error(`${name} failed: ${JSON.stringify(more)}`);
      }
    },
  },
  {
    name: 'people see the pool and the calls',
    run: async (plane, settings) => {
      const { call } = await upCall(plane);
      const { items } = await plane.api<{ items: { id: string }[] }>(`/calls?callId=${call}`);
      compare('the call', await plane.api(`/calls/${items[0]?.id}`), {
        callId: call,
        state: 'answered',
      });
      for (const list of ['/status', '/gateways', '/calls', '/calls/live', '/starts', '/decisions', '/edges'])
        await plane.api(list);
      compare('settings', await plane.api('/settings'), {
        afterCall: settings.afterCall,
        lockLeaseSec: settings.lockLeaseSec,
        waitLimitSec: settings.waitLimitSec,
        edgeLostGraceSec: settings.edgeLostGraceSec,
        poolMax: settings.poolMax,
        poolTimeZone: settings.poolTimeZone,
      });
    },
  },
];
