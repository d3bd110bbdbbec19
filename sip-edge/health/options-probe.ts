import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { createRequest, newBranch, newCallId, newTag } from '../../sip/message/build.ts';
import { parseMessage, type SipMessage, SipParseError } from '../../sip/message/message.ts';
import { serialize } from '../../sip/message/serialize.ts';
import { reasonText } from '../../sip/reason.ts';

/** What a probe found. */
export interface Probed {
  /** SIP status that the application answered by, or undefined where it did not. */
  status: number | undefined;
  /** What is wrong; undefined for a 200. */
  why: string | undefined;
}

export interface OptionsProbe {
  /** Where the SIP server listens, UDP. */
  address: { host: string; port: number };
  domain: string;
  patienceMs: number;
}

/**
 * Sends one OPTIONS over UDP and waits for its answer (RFC 3261 11).
 * @returns the status, or why there is none. Only the application gives a Reason with its refusals: a 503 without is
 *   the SIP server's own, which has no application.
 */
export function probeByOptions({ address, domain, patienceMs }: OptionsProbe): Promise<Probed> {
  const socket = createSocket('udp4');
  const callId = newCallId();
  return new Promise((resolve) => {
    const settle = (probed: Probed) => {
      clearTimeout(timer);
      socket.close();
      resolve(probed);
    };
    const timer = setTimeout(
      () => settle({ status: undefined, why: `no answer to OPTIONS in ${patienceMs} ms` }),
      patienceMs,
    );
    socket.on('error', (error) => settle({ status: undefined, why: error.message }));
    socket.on('message', (message) => {
      const probed = readAnswer(message, callId);
      if (probed) settle(probed);
    });
    // Connected, so that a closed port is an error at once and no one else can answer.
    socket.connect(address.port, address.host, () => {
      const { address: host, port } = socket.address();
      socket.send(optionsRequest(domain, `${host}:${port}`, callId));
    });
  });
}

/** @returns undefined for what is no final answer to this request, whoever sent it */
function readAnswer(packet: Buffer, callId: string): Probed | undefined {
  const answer = parsedOrNone(packet);
  if (answer?.kind !== 'response' || answer.status < 200 || answer.headers.get('call-id') !== callId) {
    return undefined;
  }
  const { status } = answer;
  if (status === 200) return { status, why: undefined };
  const reason = reasonText(answer.headers.get('reason') ?? '');
  return reason === undefined
    ? { status: undefined, why: `the SIP server says ${status}: it has no application` }
    : { status, why: `${status}: ${reason}` };
}

function parsedOrNone(packet: Buffer): SipMessage | undefined {
  try {
    return parseMessage(packet);
  } catch (error) {
    if (error instanceof SipParseError) return undefined;
    throw error;
  }
}

function optionsRequest(domain: string, from: string, callId: string): Buffer {
  const request = createRequest({
    method: 'OPTIONS',
    uri: `sip:${domain}`,
    from: `<sip:health@${from}>;tag=${newTag()}`,
    to: `<sip:${domain}>`,
    callId,
    cseq: 1,
    headers: [['User-Agent', 'switchroom-health']],
  });
  request.headers.prepend('Via', `SIP/2.0/UDP ${from};rport;branch=${newBranch()}`);
  return serialize(request);
}

/**
 * This host's first IPv4 address that others reach it by: where a SIP server of the same task listens. Not one of
 * 169.254.0.0/16 (RFC 3927): the first interface of a Fargate task has such an address, for ECS's metadata only.
 */
export function ownAddress(interfaces = networkInterfaces()): string {
  const addresses = Object.values(interfaces).flat();
  const own = addresses.find(
    (one) => one && !one.internal && one.family === 'IPv4' && !one.address.startsWith('169.254.'),
  );
  return own?.address ?? '127.0.0.1';
}
