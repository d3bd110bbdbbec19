import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { TaskProtection } from '../../../sip-edge/health/task-protection.ts';
import { freePort } from '../../support/dynamodb.ts';
import { eventually } from '../../support/eventually.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import { isOurServer } from '../../support/sip-server.ts';
import { until } from '../../support/until.ts';
import type { AwsBehaviour } from '../support/aws.ts';
import { gatewayAt, password } from '../support/edge.ts';
import { recordingLog } from '../support/log.ts';
import { EdgeProcesses } from '../support/process.ts';

let behaviour: AwsBehaviour;
let edge: ReturnType<EdgeProcesses['start']>;
let port: number;
const edges = new EdgeProcesses(() => {
  behaviour = {
    secret: () => JSON.stringify({ current: password }),
    invoke: () => ({ calls: [] }),
    putEvents: () => undefined,
  };
  return behaviour;
});

beforeEach(async () => {
  port = await freePort();
  const { host, port: sipPort } = edges.server.sip;
  const health = { HEALTH_PORT: String(port), HEALTH_SIP_ADDRESS: `${host}:${sipPort}` };
  edge = edges.start({ ...health, HEALTH_TIMEOUT_MS: '500' });
  await edge.event('edge-ready');
});

async function ask(path: string): Promise<{ status: number; why?: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const { why } = (await answer.json()) as { why?: string };
  return { status: answer.status, ...(why !== undefined && { why }) };
}

describe('the health of an edge', () => {
  it('is good while its application answers OPTIONS by way of its SIP server', async () => {
    expect(await ask('/health')).toEqual({ status: 200 });
    expect(await ask('/alive')).toEqual({ status: 200 });
    expect((await ask('/other')).status).toBe(404);
  });

  it('is told on loopback alone, unless another address is given', async () => {
    await expect(fetch(`http://127.0.0.2:${port}/alive`)).rejects.toThrow();
  });

  it('tells callers to go elsewhere, but asks for no restart, while the control plane is down', async () => {
    behaviour.invoke = () => {
      throw new Error('down');
    };
    const client = await SipPeer.connect('udp', edges.server.sip);
    try {
      const gateway = gatewayAt(client);
      const health = await until('bad health', async () => {
        await gateway.register();
        const found = await ask('/health');
        return found.status === 503 && found;
      });
      expect(health.why).toContain('control-plane-unavailable');
      expect((await ask('/alive')).status).toBe(200);
    } finally {
      await client.close();
    }
  });

  it.skipIf(!isOurServer)('is bad for both without a SIP server, and good again with it', async () => {
    await edges.server.crash();
    for (const path of ['/health', '/alive']) {
      await eventually(async () => expect((await ask(path)).status, path).toBe(503));
    }
    await edges.server.restart();
    await eventually(async () => expect((await ask('/health')).status).toBe(200));
  });
});

describe('a task with calls', () => {
  it('is protected while it has any, also where ECS fails at first, and released after', async () => {
    const asked: { ProtectionEnabled: boolean; ExpiresInMinutes?: number }[] = [];
    let failures = 1;
    const agent = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        expect(`${request.method} ${request.url}`).toBe('PUT /api/task-protection/v1/state');
        asked.push(JSON.parse(body));
        // ECS says what went wrong with status 200, too.
        const failure = { failure: { Arn: 'task', Reason: 'DEPLOYMENT_BLOCKED' } };
        response.end(JSON.stringify(failures-- > 0 ? failure : { protection: { ProtectionEnabled: true } }));
      });
    }).listen(0);
    const log = recordingLog();
    let calls = 2;
    const protection = new TaskProtection({
      agentUri: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/api`,
      countCalls: () => calls,
      log,
    });
    try {
      await until('two tries', () => asked.length === 2);
      expect(asked[1]).toEqual({ ProtectionEnabled: true, ExpiresInMinutes: 10 });
      expect(log.lines).toEqual([expect.objectContaining({ event: 'task-protection-failed' })]);
      calls = 0;
      await until('the release', () => asked.length === 3);
      expect(asked[2]).toEqual({ ProtectionEnabled: false });
    } finally {
      protection.stop();
      agent.close();
    }
  });
});
