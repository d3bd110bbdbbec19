import { type Fact, factSchema } from '../../contracts/facts.ts';
import type { BusEvent } from '../aws/events/bus-event.ts';

/** One thing that has happened, as people and programs are told of it. */
export interface Step {
  /** Machine-readable name, e.g. `call.answered`. */
  event: string;
  /** Epoch ms. */
  at: number;
  /** What it happened to, short: `call 3f2a9c1b`, `gateway 5c1e0a92`. */
  subject: string;
  /** In one or two words. */
  what: string;
  detail: string;
  /** Whether it is something to worry about. */
  trouble?: boolean;
  /** The rest, for programs. */
  fields: Record<string, unknown>;
}

const idLength = 8;

/** The start of a Call-ID is enough to tell calls apart; `npx switchroom call` takes it whole. */
const callOf = (callId: string) => `call ${callId.slice(0, idLength)}`;

/** A task's id is cut to its start: `5c1e0a92….mediagw.1`. */
function shortGateway(username: string): string {
  return username.replace(/^([0-9a-f]{8})[0-9a-f]{24}(?=\.)/, '$1…');
}

const gatewayOf = (username: string) => `gateway ${shortGateway(username)}`;

const seconds = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

type Told = Pick<Step, 'subject' | 'what' | 'detail' | 'trouble'>;

function tell(fact: Fact): Told | undefined {
  switch (fact.type) {
    case 'gateway.registered': {
      const { address, port, protocol } = fact.received;
      return {
        subject: gatewayOf(fact.username),
        what: 'registered',
        detail: `from ${address}:${port} ${protocol}`,
      };
    }
    case 'gateway.unregistered':
      return { subject: gatewayOf(fact.username), what: 'unregistered', detail: '' };
    case 'gateway.lost':
      return {
        subject: callOf(fact.callId),
        what: 'gateway lost',
        detail: `${shortGateway(fact.username)}: ${fact.cause}`,
        trouble: true,
      };
    case 'call.waiting': {
      if (fact.waitedSec > 0) return undefined;
      const before = fact.ahead === 0 ? 'next in line' : `${fact.ahead} before it`;
      return {
        subject: callOf(fact.callId),
        what: 'waits',
        detail: `room ${fact.room}, ${fact.cause}, ${before}`,
      };
    }
    case 'call.offered': {
      const again = fact.attempt > 1 ? `, attempt ${fact.attempt}` : '';
      return {
        subject: callOf(fact.callId),
        what: 'offered',
        detail: `room ${fact.room} → ${shortGateway(fact.gateway)}${again}`,
      };
    }
    case 'call.answered':
      return {
        subject: callOf(fact.callId),
        what: 'answered',
        detail: `by ${shortGateway(fact.gateway)} after ${seconds(fact.at - fact.receivedAt)}`,
      };
    case 'call.ended': {
      const lasted = fact.answeredAt === undefined ? '' : ` after ${seconds(fact.at - fact.answeredAt)}`;
      const outcome = fact.outcome === 'answered' ? '' : `, ${fact.outcome}`;
      return { subject: callOf(fact.callId), what: 'ended', detail: `by ${fact.by}${lasted}${outcome}` };
    }
    case 'call.failed':
      return {
        subject: callOf(fact.callId),
        what: 'failed',
        detail: [fact.outcome, fact.detail].filter(Boolean).join(': '),
        trouble: true,
      };
    case 'call.cancelled':
      return {
        subject: callOf(fact.callId),
        what: 'cancelled',
        detail: fact.gatewayAnswered ? 'as the gateway answered' : 'by the caller',
      };
  }
}

const taskWords: Record<string, string> = {
  PROVISIONING: 'starting',
  RUNNING: 'running',
  STOPPED: 'stopped',
};

function taskStep(event: BusEvent): Step | undefined {
  const { detail } = event;
  const id = String(detail.taskArn).split('/').at(-1) ?? '';
  // A stop under way shows as its wish, before the process has left.
  const stopping = detail.desiredStatus === 'STOPPED' && detail.lastStatus !== 'STOPPED';
  const what = stopping ? 'stopping' : taskWords[String(detail.lastStatus)];
  if (!what) return undefined;
  return {
    event: `task.${what}`,
    at: Date.now(),
    subject: `task ${id.slice(0, idLength)}`,
    what,
    detail: String(detail.stoppedReason ?? ''),
    fields: { taskId: id, version: detail.version, ...(detail.stopCode && { stopCode: detail.stopCode }) },
  };
}

/**
 * @param event whatever goes over a bus
 * @returns what to tell of it, or undefined where it is of no interest
 */
export function stepOf(event: BusEvent): Step | undefined {
  if (event.source === 'aws.ecs') return taskStep(event);
  const parsed = factSchema.safeParse(event.detail);
  if (!parsed.success) return undefined;
  const fact = parsed.data;
  const told = tell(fact);
  if (!told) return undefined;
  const { type, at, ...fields } = fact;
  return { event: type, at, ...told, fields };
}
