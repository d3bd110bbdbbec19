import { afterEach, describe, expect, it } from 'vitest';
import type { EdgeAsk, RegisterAnswer, RegisterCommand } from '../../contracts/commands.ts';
import { type Fact, factSchema } from '../../contracts/facts.ts';
import { newCallId } from '../../sip/message/build.ts';
import { isEmf, readEmf, sumOf } from '../support/emf.ts';
import { SipPeer } from '../support/sip-peer/peer.ts';
import type { Registrant } from '../support/sip-peer/registrant.ts';
import { isOurServer } from '../support/sip-server.ts';
import { until } from '../support/until.ts';
import type { AwsBehaviour } from './support/aws.ts';
import { gatewayAt, password } from './support/edge.ts';
import { domain } from './support/environment.ts';
import { EdgeProcesses } from './support/process.ts';

/* The edge's process whole: main.ts with the SDK unmodified, a SIP server, and AWS's wire. */

let behaviour: AwsBehaviour;
let facts: Fact[];
/** What the edge asked of its own. */
let asks: (EdgeAsk & { command: string })[];
const clients: SipPeer[] = [];

const answerOf = (command: RegisterCommand): RegisterAnswer => ({
  result: 'bindings',
  contacts: command.command === 'registerGateway' ? command.contacts : [],
  fresh: true,
});

const edges = new EdgeProcesses(() => {
  facts = [];
  asks = [];
  behaviour = {
    secret: () => JSON.stringify({ current: password }),
    invoke: (name, command) => {
      if ('batch' in (command as object)) return { answers: [] };
      if (name === 'register') return answerOf(command as RegisterCommand);
      asks.push(command as EdgeAsk & { command: string });
      return { calls: [], hangups: [] };
    },
    putEvents: (entries) => {
      for (const { Detail } of entries) facts.push(factSchema.parse(JSON.parse(Detail)));
      return undefined;
    },
  };
  return behaviour;
});

afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

const start = (environment?: Record<string, string>) => edges.start(environment);

async function gateway(): Promise<Registrant> {
  const client = await SipPeer.connect('udp', edges.server.sip);
  clients.push(client);
  return gatewayAt(client);
}

const renewals = () => asks.filter(({ command }) => command === 'renewEdge');
const factsOf = (type: Fact['type']) => facts.filter((fact) => fact.type === type);

describe('the edge process', () => {
  it('says when it is ready, registers a gateway, tells the bus, and exits with 0 on SIGTERM', async () => {
    const edge = start();
    expect(await edge.event('edge-ready')).toMatchObject({ edgeId: 'edge-1', domain });
    const gw = await gateway();
    expect((await gw.register()).status).toBe(200);
    await until('the facts', () => factsOf('gateway.registered').length > 0);
    expect(renewals()[0]).toMatchObject({ edgeId: 'edge-1', leaseSec: 45 });

    edge.kill('SIGTERM');
    expect(await edge.exited).toBe(0);
    expect(edge.lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['edge-draining', 'edge-drained', 'edge-stopped']),
    );
    expect(edge.noise).toEqual([]);
  });

  it('logs one line for a refused REGISTER, with Call-ID and outcome', async () => {
    const edge = start();
    await edge.event('edge-ready');
    const gw = await gateway();
    expect((await gw.register({ password: 'guess' })).status).toBe(403);
    const lines = await until('the line', () => {
      const found = edge.lines.filter(({ callId }) => callId === gw.callId);
      return found.length > 0 && found;
    });
    expect(lines).toEqual([
      expect.objectContaining({ outcome: 'wrong-password', status: 403, level: 'warn' }),
    ]);
    expect(JSON.stringify(edge.lines)).not.toContain(password);
  });

  it('counts what only it sees, in lines that CloudWatch makes metrics of', async () => {
    const edge = start({ STACK_NAME: 'Test', METRICS_INTERVAL_SEC: '1' });
    await edge.event('edge-ready');
    behaviour.invoke = () => {
      throw new Error('down');
    };
    const gw = await gateway();
    expect((await gw.register()).status).toBe(503);
    const client = await SipPeer.connect('udp', edges.server.sip);
    clients.push(client);
    const invite = { method: 'INVITE', uri: 'sip:room@elsewhere.test' };
    expect((await client.ask(invite)).status).toBe(403);

    const sum = (name: string) => sumOf(edge.lines, name, 'Test');
    await until('the failure is counted', () => sum('ControlPlaneFailures') > 0);
    await until('the refusal is counted', () => sum('RefusedInvites') > 0);
    edge.kill('SIGTERM');
    await edge.exited;
    expect(sum('RefusedInvites')).toBe(1);
    const names = edge.lines.filter(isEmf).flatMap((line) => readEmf(line, 'Test').map(({ name }) => name));
    expect(new Set(names)).toEqual(
      new Set([
        ...['EdgeCalls', 'HalfOpenCalls', 'FactDelay', 'RefusedInvites', 'ControlPlaneFailures'],
        ...['CommandTime', 'ShedCalls', 'ShedRegisters'],
      ]),
    );
  });

  it('writes no metrics where it is told no name for them', async () => {
    const edge = start({ METRICS_INTERVAL_SEC: '1' });
    await edge.event('edge-ready');
    edge.kill('SIGTERM');
    await edge.exited;
    expect(edge.lines.filter(isEmf)).toEqual([]);
  });

  it.skipIf(!isOurServer)('connects again to a drachtio that was gone, and serves as before', async () => {
    const edge = start();
    await edge.event('edge-ready');
    await edges.server.crash();
    await edge.event('drachtio-gone');
    const before = renewals().length;
    await edges.server.restart();
    await until(
      'a connection',
      () => edge.lines.filter(({ event }) => event === 'drachtio-connected').length === 2,
    );
    const gw = await gateway();
    // drachtio says 503 until it has the edge's routes.
    await until('the registrar', async () => (await gw.register()).status === 200);
    await until('the lease is renewed', () => renewals().length > before);
    expect(new Set(asks.map(({ generation }) => generation)).size).toBe(1);
  });

  it('killed with the bus down, says on its next start what it had to say', async () => {
    const takeAll = behaviour.putEvents;
    behaviour.putEvents = (entries) => ({
      FailedEntryCount: entries.length,
      Entries: entries.map(() => ({ ErrorCode: 'InternalFailure' })),
    });
    const first = start();
    await first.event('edge-ready');
    const gw = await gateway();
    expect((await gw.register()).status).toBe(200);
    first.kill('SIGKILL');
    await first.exited;
    expect(facts).toEqual([]);

    if (takeAll) behaviour.putEvents = takeAll;
    const second = start();
    await second.event('edge-ready');
    await until('the fact', () => factsOf('gateway.registered').length > 0);
    expect(factsOf('gateway.registered')).toEqual([expect.objectContaining({ username: gw.username })]);
  });

  it('keeps answering when its state directory cannot be written', async () => {
    const edge = start({ STATE_DIR: '/proc/none', LOG_LEVEL: 'error' });
    await edge.event('edge-ready');
    const gw = await gateway();
    expect((await gw.register()).status).toBe(200);
    await until('the fact all the same', () => factsOf('gateway.registered').length > 0);
    expect(edge.lines).toContainEqual(
      expect.objectContaining({ event: 'outbox-unwritable', level: 'error' }),
    );
  });

  it('answers an INVITE by the call handler, and OPTIONS by itself', async () => {
    const edge = start();
    await edge.event('edge-ready');
    const client = await SipPeer.connect('tcp', edges.server.sip);
    clients.push(client);
    const options = { method: 'OPTIONS', uri: `sip:${domain}` };
    expect((await client.ask(options)).status).toBe(200);
    const headers = { Contact: `<${client.contact}>` };
    const invite = { method: 'INVITE', uri: `sip:room@${domain}`, callId: newCallId(), headers };
    // The stand-in for `allocate` answers what the contract does not know.
    expect((await client.ask(invite)).status).toBe(503);
    await until('the fact', () => factsOf('call.failed').length > 0);
    expect(factsOf('call.failed')[0]).toMatchObject({
      callId: invite.callId,
      outcome: 'control-plane-unavailable',
    });
  });
});

describe('a wrong start', () => {
  it('ends with one line that names the wrong setting', async () => {
    const edge = start({ MIN_EXPIRES_SEC: 'soon' });
    expect(await edge.exited).toBe(1);
    expect(edge.lines).toEqual([
      expect.objectContaining({ event: 'edge-failed', error: expect.stringContaining('MIN_EXPIRES_SEC') }),
    ]);
    expect(edge.noise).toEqual([]);
  });

  it('ends with one line where the secret is none', async () => {
    behaviour.secret = () => 'plain text';
    const edge = start();
    expect(await edge.exited).toBe(1);
    expect(edge.lines).toEqual([expect.objectContaining({ event: 'edge-failed' })]);
    expect(JSON.stringify(edge.lines)).not.toContain('plain text');
  });
});
