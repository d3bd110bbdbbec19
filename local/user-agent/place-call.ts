import { setTimeout as delay } from 'node:timers/promises';
import type { SipResponse } from '../../sip/message/message.ts';
import type { Session } from './session.ts';
import { UserAgent } from './user-agent.ts';

export interface PlaceCallOptions {
  server: { address: string; port: number };
  protocol: 'udp' | 'tcp';
  /** Address of this machine that the server can reach. */
  address: string;
  uri: string;
  from: string;
  durationSec: number;
  /** Aborted when the call shall end now. */
  signal: AbortSignal;
  onStep(step: CallStep): void;
}

/** What happens in a call, as it happens. */
export interface CallStep {
  step: 'calling' | 'progress' | 'answered' | 'refused' | 'failed' | 'ended';
  text: string;
  fields: Record<string, unknown>;
}

/**
 * Places a call with a tone of audio and hangs up.
 * @returns whether it was answered
 */
export async function placeCall(options: PlaceCallOptions): Promise<boolean> {
  const { server, protocol, address, uri, from, signal, onStep } = options;
  const agent = await UserAgent.open({ server, protocol, bind: { address, port: 0 } });
  try {
    const call = agent.call({
      uri,
      from,
      media: 'tone',
      onProgress: (response) => onStep({ step: 'progress', ...told(response) }),
    });
    onStep({
      step: 'calling',
      text: `INVITE ${uri} to ${server.address}:${server.port} over ${protocol}, Call-ID ${call.callId}`,
      fields: { uri, callId: call.callId },
    });
    const cancel = () => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    const outcome = await call.result;
    signal.removeEventListener('abort', cancel);
    if (outcome.result === 'failed') {
      onStep({ step: 'failed', text: outcome.error.message, fields: { error: outcome.error.message } });
      return false;
    }
    if (outcome.result === 'refused') {
      onStep({ step: 'refused', ...told(outcome.response) });
      return false;
    }
    onStep({ step: 'answered', ...told(outcome.response) });
    await stay(outcome.session, options);
    return true;
  } finally {
    await agent.close();
  }
}

async function stay(session: Session, { durationSec, signal, onStep }: PlaceCallOptions): Promise<void> {
  const leave = new AbortController();
  const over = await Promise.race([
    session.ended,
    delay(durationSec * 1000, undefined, { signal: AbortSignal.any([signal, leave.signal]) }).catch(() => {}),
  ]);
  leave.abort();
  const { sentPackets, heardPackets, heardPeak } = session.media.counters;
  if (!over) await session.hangUp();
  const audio =
    heardPackets === 0 ? 'nothing heard' : `${heardPackets} heard (loudest ${heardPeak} of 32767)`;
  onStep({
    step: 'ended',
    text: `${over ? 'BYE received' : 'BYE sent'}; audio packets: ${sentPackets} sent, ${audio}`,
    fields: { by: over ? 'remote' : 'local', sentPackets, heardPackets, heardPeak },
  });
}

/** The headers of an answer that say why, or by whom. */
const telling = ['Reason', 'Retry-After', 'Warning', 'Server', 'Contact'] as const;

function told({ status, reason, headers }: SipResponse): Omit<CallStep, 'step'> {
  const found = telling.flatMap((name) => {
    const value = headers.get(name.toLowerCase());
    return value === undefined ? [] : [[name, value] as const];
  });
  const shown = found.map(([name, value]) => `${name}: ${value}`).join('  ');
  return {
    text: `${status} ${reason}${shown && `  ${shown}`}`,
    fields: {
      status,
      reason,
      ...Object.fromEntries(found.map(([name, value]) => [fieldNames[name], value])),
    },
  };
}

const fieldNames: Record<(typeof telling)[number], string> = {
  Reason: 'reasonHeader',
  'Retry-After': 'retryAfter',
  Warning: 'warning',
  Server: 'server',
  Contact: 'contact',
};
