import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { runCommand } from '../support/process/run-command.ts';

/* An API that is asked more than it takes, as API Gateway says it. */

let server: Server;
afterEach(() => server.close());

/** An API that refuses so often, and then has nothing. @returns how to ask it, and the methods by which it was */
async function startApi(status: number, refusals: number) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(request.method ?? '');
    const isRefused = asked.length <= refusals;
    response.writeHead(isRefused ? status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isRefused ? { message: 'Too Many Requests' } : { items: [] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (...args: string[]) =>
    runCommand('cli/switchroom.ts', [...args, '--url', url], { SWITCHROOM_TOKEN: 'x' });
  return { ask, asked };
}

it.each([429, 503])('is asked again after %i', async (status) => {
  const { ask, asked } = await startApi(status, 2);
  expect(await ask('calls')).toMatchObject({ code: 0, stdout: 'There were no calls.\n' });
  // It asks for those in progress, and for those that are over.
  expect(asked).toEqual(['GET', 'GET', 'GET', 'GET']);
});

it('is not asked for ever, and to do something only once', async () => {
  const { ask, asked } = await startApi(429, 100);
  const refused = { code: 1, stderr: expect.stringContaining('more than it takes a second: try again') };
  expect(await ask('calls')).toMatchObject(refused);
  expect(asked).toHaveLength(4);
  expect(await ask('pause', '--because', 'test')).toMatchObject(refused);
  expect(asked).toEqual(['GET', 'GET', 'GET', 'GET', 'POST']);
});
