import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mediaReportSchema } from '../../contracts/media-report.ts';
import { passwordOf } from '../../lambdas/functions/api/gateways/password.ts';
import type { Session } from '../../local/user-agent/session.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { newUsername } from '../scenarios/support/sipp-gateway.ts';
import { Stack, secret } from '../scenarios/support/stack.ts';
import { Child } from '../support/process/child.ts';
import { hasTool } from '../support/process/tools.ts';
import { until } from '../support/until.ts';

const root = resolve(import.meta.dirname, '../..');
const kinds = {
  baresip: { file: 'bash', args: [join(root, 'gateway/entrypoint.sh')] },
  node: { file: process.execPath, args: [join(root, 'local/user-agent/gateway/gateway.ts')] },
} as const;

/* Both sample gateways behave alike, on the environment of the original's entrypoint. */

describe.each(['baresip', 'node'] as const)('the %s gateway', (kind) => {
  const skipped = kind === 'baresip' && !hasTool('baresip');
  let stack: Stack;
  let directory: string;
  const gateways: Child[] = [];
  let agent: UserAgent;

  beforeAll(async () => {
    // What becomes of a gateway after its call is the gateway's own decision here.
    stack = await Stack.start('--after-call', 'reuse');
    agent = await UserAgent.open({ server: stack.server, protocol: 'udp' });
    directory = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  });
  afterAll(async () => {
    await agent?.close();
    await stack?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.dispose()));
    await stack.clearGateways();
  });

  function start(environment: Record<string, string> = {}): {
    gateway: Child;
    username: string;
    tmp: string;
  } {
    const tmp = mkdtempSync(join(directory, 'tmp-'));
    const username = newUsername();
    const [id] = username.split('.').slice(-1) as [string];
    const { file, args } = kinds[kind];
    const gateway = new Child(file, args, {
      env: {
        PATH: process.env.PATH ?? '',
        TMPDIR: tmp,
        SIP_DOMAIN: stack.domain,
        SIP_SECRET: secret,
        SIP_SERVER: `${stack.sip.host}:${stack.sip.port}`,
        SIP_NAME_PREFIX: '10.0.0.7',
        GW_ID: id,
        ...environment,
      },
    });
    gateways.push(gateway);
    return { gateway, username, tmp };
  }

  async function call(room = 'room12'): Promise<Session> {
    const outcome = await agent.call({
      uri: `sip:${room}@${stack.domain}`,
      from: '<sip:caller@endpoint.example>',
      media: 'tone',
    }).result;
    if (outcome.result !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome)}`);
    return outcome.session;
  }

  it.skipIf(skipped)(
    'registers by the template, answers, echoes, and ends itself after the call',
    async () => {
      const { gateway, username, tmp } = start();
      await stack.untilGateway(username, 'free');
      const session = await call();
      await until('the tone comes back', () => session.media.counters.heardPeak > 4000);
      await stack.untilGateway(username, 'busy');
      await session.hangUp();
      expect(await gateway.exited).toEqual({ code: 0, signal: null });
      expect(gateway.output).toMatch(/the call is over/);
      await stack.untilGateway(username, 'gone');
      await until('nothing of it runs', () => !gateway.groupAlive);
      expect(readdirSync(tmp)).toEqual([]);
    },
  );

  it.skipIf(skipped)('serves call after call with AFTER_CALL=reuse', async () => {
    const { gateway, username } = start({ AFTER_CALL: 'reuse' });
    for (const room of ['first', 'second']) {
      await stack.untilGateway(username, 'free');
      await (await call(room)).hangUp();
    }
    await stack.untilGateway(username, 'free');
    expect(gateway.over).toBe(false);
  });

  // Of the other sample gateway nothing is counted.
  it.runIf(kind === 'baresip' && !skipped)(
    'posts how its call went, and its password follows from its name',
    async () => {
      const posted: { authorization: string | undefined; report: unknown }[] = [];
      const receiver = createServer(async (request, response) => {
        posted.push({ authorization: request.headers.authorization, report: await json(request) });
        response.end();
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
      try {
        const { port } = receiver.address() as AddressInfo;
        const { gateway, username } = start({
          MEDIA_REPORT_URL: `http://127.0.0.1:${port}/gateway/v1/media-reports`,
          MEDIA_REPORT_SECRET: 'of gateways',
        });
        await stack.untilGateway(username, 'free');
        const session = await call();
        await until('the tone comes back', () => session.media.counters.heardPeak > 4000);
        await session.hangUp();
        expect(await gateway.exited).toEqual({ code: 0, signal: null });
        expect(posted).toHaveLength(1);
        const password = passwordOf(username, 'of gateways');
        expect(posted[0]?.authorization).toBe(`Basic ${btoa(`${username}:${password}`)}`);
        const { call: told } = mediaReportSchema.parse(posted[0]?.report);
        expect(told.details.destination.destinationGw).toBe(username);
        expect(told.mediaStats.audio.rx.packets).toBeGreaterThan(0);
        expect(told.mediaStats.audio.tx.packets).toBeGreaterThan(0);
        expect(Math.abs(Date.parse(told.callSession.callEnd.timestamp) - Date.now())).toBeLessThan(60_000);
        expect(gateway.output).not.toContain(password);
      } finally {
        receiver.close();
      }
    },
  );

  it.skipIf(skipped)('un-REGISTERs on SIGTERM and exits 0', async () => {
    const { gateway, username, tmp } = start({ SIP_TRANSPORT: 'udp' });
    await stack.untilGateway(username, 'free');
    expect(await gateway.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    await stack.untilGateway(username, 'gone');
    expect(readdirSync(tmp)).toEqual([]);
  });

  it.skipIf(skipped)(
    'can be stopped at any moment of its start, and leaves nothing on this machine',
    async () => {
      for (const afterMs of [0, 10, 30, 60, 120, 250]) {
        const { gateway, tmp } = start();
        await delay(afterMs);
        await gateway.stop('SIGTERM');
        await until('nothing of it runs', () => !gateway.groupAlive);
        expect(readdirSync(tmp)).toEqual([]);
      }
    },
  );

  it.skipIf(skipped)('hangs up on SIGTERM', async () => {
    const { gateway, username } = start();
    await stack.untilGateway(username, 'free');
    const session = await call();
    await stack.untilGateway(username, 'busy');
    const [end, exit] = await Promise.all([session.ended, gateway.stop('SIGTERM')]);
    expect(end).toMatchObject({ by: 'remote', cause: 'bye' });
    expect(exit).toEqual({ code: 0, signal: null });
    await stack.untilGateway(username, 'gone');
  });

  it.skipIf(skipped)('takes one call at a time, beside others on the same host', async () => {
    const pool = [start(), start(), start()];
    for (const { username } of pool) await stack.untilGateway(username, 'free');
    const sessions = await Promise.all(pool.map(({ username }) => call(username)));
    for (const { username } of pool) await stack.untilGateway(username, 'busy');
    await Promise.all(sessions.map((session) => session.hangUp()));
    for (const { gateway } of pool) expect((await gateway.exited).code).toBe(0);
  });

  it.skipIf(skipped)('takes its name from its ECS task', async () => {
    const id = 'a4f1f5c0c2d14f7e9b1d3c5e7f901234';
    const metadata = createServer((request, response) => {
      response.statusCode = request.url === '/v4/abc/task' ? 200 : 404;
      response.end(
        JSON.stringify({ Cluster: 'c', TaskARN: `arn:aws:ecs:eu-west-3:123456789012:task/c/${id}` }),
      );
    }).listen(0, '127.0.0.1');
    await until('metadata', () => metadata.listening);
    const { port } = metadata.address() as AddressInfo;
    const { gateway } = start({
      SIP_NAME_PREFIX: '',
      GW_ID: '',
      ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${port}/v4/abc`,
    });
    await stack.untilGateway(`${id}.mediagw.1`, 'free');
    expect(await gateway.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    metadata.close();
  });

  it.skipIf(skipped)('never shows the secret, whatever goes wrong', async () => {
    const wrong = 'not-the-secret';
    const { gateway, username, tmp } = start({ SIP_SECRET: wrong });
    await gateway.says(/403/);
    expect(await stack.gateway(username)).toBeUndefined();
    // baresip has a directory of its own, with the secret in it.
    const modes = readdirSync(tmp).map((home) => statSync(join(tmp, home)).mode & 0o777);
    expect(modes).toEqual(kind === 'baresip' ? [0o700] : []);
    await gateway.stop('SIGTERM');
    expect(gateway.output).not.toContain(wrong);
  });

  it.skipIf(skipped).each([
    [{ SIP_DOMAIN: '' }, /SIP_DOMAIN must be set/],
    [{ SIP_SECRET: '' }, /SIP_SECRET must be set/],
    [{ SIP_SECRET: 'a;regint=1' }, /SIP_SECRET must not contain/],
    [{ SIP_NAME_PREFIX: '' }, /SIP_NAME_PREFIX must be set outside ECS/],
    [{ SIP_SERVER: 'edge>;x' }, /SIP_SERVER is not/],
    [{ GW_ID: '1.2' }, /GW_ID /],
    [{ SIP_TRANSPORT: 'sctp' }, /SIP_TRANSPORT /],
    [{ AFTER_CALL: 'explode' }, /AFTER_CALL /],
  ])('says in one line what is wrong with %o, and exits 2', async (environment, message) => {
    const { gateway } = start(environment as Record<string, string>);
    expect((await gateway.exited).code).toBe(2);
    expect(gateway.output.trim().split('\n')).toHaveLength(1);
    expect(gateway.output).toMatch(message);
    expect(gateway.output).not.toContain('regint=1');
  });
});
