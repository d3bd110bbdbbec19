import { afterEach, expect, it } from 'vitest';
import type {
  AllocateAnswer,
  AllocateGateway,
  RegisterAnswer,
  RegisterCommand,
} from '../../contracts/commands.ts';
import { type Fact, factSchema } from '../../contracts/facts.ts';
import { sumOf } from '../support/emf.ts';
import type { ReceivedResponse } from '../support/sip-peer/message.ts';
import { answerCall, SipPeer } from '../support/sip-peer/peer.ts';
import { until } from '../support/until.ts';
import type { AwsBehaviour } from './support/aws.ts';
import { granted } from './support/control-plane.ts';
import { gatewayAt, password } from './support/edge.ts';
import { domain } from './support/environment.ts';
import { EdgeProcesses } from './support/process.ts';

/* The edge's process whole before a control plane that hangs: what it still does, and what it does not begin. */

let facts: Fact[];
/** The Call-IDs that the control plane was asked about. */
let asked: string[];
let gateway: SipPeer;
/** Ends the hang of `allocate`; undefined while it answers. */
let release: (() => void) | undefined;
let released: Promise<void>;

function hang(): void {
  released = new Promise((resolve) => {
    release = resolve;
  });
}

const registered = (command: RegisterCommand): RegisterAnswer => ({
  result: 'bindings',
  contacts: command.command === 'registerGateway' ? command.contacts : [],
  fresh: true,
});

async function allocate({ callId, attempt }: AllocateGateway): Promise<AllocateAnswer> {
  asked.push(callId);
  await released;
  return granted(gateway, attempt);
}

/** One command, or several together. */
async function each<C, A>(payload: unknown, answer: (command: C) => A | Promise<A>): Promise<unknown> {
  const { batch } = payload as { batch?: C[] };
  if (batch === undefined) return answer(payload as C);
  return { answers: await Promise.all(batch.map(async (one) => ({ answer: await answer(one) }))) };
}

const edges = new EdgeProcesses((): AwsBehaviour => {
  facts = [];
  asked = [];
  released = Promise.resolve();
  return {
    secret: () => JSON.stringify({ current: password }),
    invoke: (name, payload) => {
      if (name === 'register') return each(payload, registered);
      return name === 'allocate' ? each(payload, allocate) : { calls: [], hangups: [] };
    },
    putEvents: (entries) => {
      for (const { Detail } of entries) facts.push(factSchema.parse(JSON.parse(Detail)));
      return undefined;
    },
  };
});

const peers: SipPeer[] = [];

async function peer(name: string): Promise<SipPeer> {
  const opened = await SipPeer.connect('udp', edges.server.sip, { name, absorbsRepeats: true });
  peers.push(opened);
  return opened;
}

afterEach(async () => {
  release?.();
  await Promise.all(peers.splice(0).map((one) => one.close()));
});

it('refuses new calls at once, keeps what is set up, and takes calls again after it', async () => {
  const edge = edges.start({
    STACK_NAME: 'Test',
    METRICS_INTERVAL_SEC: '1',
    COMMAND_TIMEOUT_MS: '30000',
    ADDRESS_RATE_PER_SEC: '1000',
  });
  await edge.event('edge-ready');
  gateway = await peer('10.0.0.1.mediagw.0');
  const caller = await peer('ann');
  const body = 'v=0\r\n';
  const dial = () => caller.call(`sip:room@${domain}`, { body });
  const registrant = gatewayAt(gateway, gateway.name);
  expect((await registrant.register()).status).toBe(200);
  const before = dial();
  const { callee } = await answerCall(before, await gateway.incoming('INVITE'), { body });

  hang();
  const refused: ReceivedResponse[] = [];
  const refusedCalls: string[] = [];
  const cancelled = dial();
  await until('the first call that hangs', () => asked.includes(cancelled.callId));
  await until('twenty refusals', async () => {
    const call = dial();
    const answer = await Promise.race([call.refusal(), new Promise<void>((go) => setTimeout(go, 200))]);
    if (answer) {
      refused.push(answer);
      refusedCalls.push(call.callId);
    }
    return refused.length >= 20;
  });

  // Nothing was asked for them, and nothing is said of them: that would be more to do.
  expect(asked.filter((callId) => refusedCalls.includes(callId))).toEqual([]);
  expect(refused.map(({ status }) => status)).toEqual(Array(20).fill(503));
  for (const answer of refused) expect(answer.header('reason')).toContain('text="overloaded');
  const waits = refused.map((answer) => Number(answer.header('retry-after')));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(5);
  expect(new Set(waits).size).toBeGreaterThan(1);

  // What is there goes on.
  expect((await registrant.register()).status).toBe(200);
  expect((await gatewayAt(await peer('10.0.0.2.mediagw.0'), '10.0.0.2.mediagw.0').register()).status).toBe(
    200,
  );
  const bye = callee.bye();
  (await caller.incoming('BYE')).reply(200);
  expect((await bye).status).toBe(200);
  cancelled.cancel();
  expect((await cancelled.refusal(487)).status).toBe(487);
  await edge.event('control-plane-late');

  release?.();
  gateway.answers('INVITE');
  await until('a call is answered', async () => {
    const call = dial();
    const answer = await call.answer();
    if (answer.status === 200) call.dialog.acknowledge(answer);
    else call.dialog.refuse(call.invite, answer);
    return answer.status === 200;
  });

  const sum = (name: string) => sumOf(edge.lines, name, 'Test');
  await until('the refusals are counted', () => sum('ShedCalls') >= 20);
  expect(sum('ControlPlaneFailures')).toBe(0);
  const told = facts.flatMap((fact) => ('callId' in fact ? fact.callId : []));
  expect(told.filter((callId) => refusedCalls.includes(callId))).toEqual([]);
});
