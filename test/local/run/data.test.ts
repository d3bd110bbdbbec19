import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../support/process/run-command.ts';
import { until } from '../../support/until.ts';
import { dynamoDb, newDirectory, secretOf, start } from './support/run.ts';

describe('npm start with --data', () => {
  it('has the table, the secret and the outbox again after a restart, for its owner alone', async () => {
    const data = newDirectory('data');
    chmodSync(data, 0o755);
    const before = start(['--min-free', '1', '--max', '1', '--data', data]);
    const { outputs } = await before.ready();
    const table = String((outputs as Record<string, string>).TableName);
    const put = { TableName: table, Item: { pk: { S: 'CALL#kept' }, expiresAt: { N: '4102444800' } } };
    expect((await dynamoDb(before, 'PutItem', put)).status).toBe(200);
    const secret = await secretOf(before);
    await before.stop();
    expect(before.processes()).toEqual([]);

    const after = start(['--min-free', '1', '--max', '1', '--data', data]);
    const key = { TableName: table, Key: { pk: { S: 'CALL#kept' } } };
    const answer = await dynamoDb(after, 'GetItem', key);
    expect(await answer.json()).toMatchObject({ Item: { pk: { S: 'CALL#kept' } } });
    expect(await secretOf(after)).toBe(secret);
    const files = readdirSync(data, { recursive: true, withFileTypes: true });
    const openToOthers = [data, ...files.map(({ parentPath, name }) => join(parentPath, name))].filter(
      (file) => (statSync(file).mode & 0o077) !== 0,
    );
    expect(openToOthers).toEqual([]);
    await after.stop();
    expect(readdirSync(data)).toEqual(
      expect.arrayContaining(['edge', 'logs', 'queues', 'secrets.json', 'table']),
    );
  });
});

describe.each(['SIGTERM', 'SIGKILL'] as const)(
  'npm start with --data, after a run that ended by %s',
  (signal) => {
    it('has new gateways, none of that run, and no start that failed', async () => {
      const data = newDirectory('data');
      const before = start(['--data', data]);
      await before.ready();
      await before.stop(signal);
      await until('all its processes are gone', () => before.processes().length === 0);

      const after = start(['--data', data]);
      await after.ready();
      const pool = async (list: string) => {
        const options = [list, '--json', '--run-file', after.runFile];
        const { stdout } = await runCommand('cli/switchroom.ts', options);
        return JSON.parse(stdout) as { gateways: { registeredAt: string }[]; starts: { state: string }[] };
      };
      const { gateways } = await pool('gateways');
      expect(gateways).toHaveLength(2);
      // Those of the run before have gone with it.
      const [first] = after.events;
      for (const { registeredAt } of gateways)
        expect(Date.parse(registeredAt)).toBeGreaterThan(first?.at ?? Infinity);
      // The fleet looks a second later, at all that has come by then.
      await until('their starts have registered, and those of before have stopped', async () => {
        const { starts } = await pool('starts');
        const states = starts.map(({ state }) => state).sort();
        return isDeepStrictEqual(states, [
          'registered',
          'registered',
          ...states.slice(2).map(() => 'stopped'),
        ]);
      });
      await after.stop();
    });
  },
);
