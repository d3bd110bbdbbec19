import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

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
  const callId = randomBytes(16).toString('hex');
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
      const probed = readAnswer(message.toString(), callId);
      if (probed) settle(probed);
    });
    // Connected, so that a closed port is an error at once and no one else can answer.
    socket.connect(address.port, address.host, () => {
      const { address: host, port } = socket.address();
      socket.send(optionsRequest(domain, `${host}:${port}`, callId));
    });
  });
}

function readAnswer(text: string, callId: string): Probed | undefined {
  if (!text.includes(callId)) return undefined;
  const status = Number(/^SIP\/2\.0 (\d{3}) /.exec(text)?.[1]);
  if (!(status >= 200)) return undefined;
  if (status === 200) return { status, why: undefined };
  const reason = /^Reason:.*?text="([^"]*)"/im.exec(text)?.[1];
  return reason === undefined
    ? { status: undefined, why: `the SIP server says ${status}: it has no application` }
    : { status, why: `${status}: ${reason}` };
}

function optionsRequest(domain: string, from: string, callId: string): string {
  return [
    `OPTIONS sip:${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};rport;branch=z9hG4bK${callId}`,
    `From: <sip:health@${from}>;tag=${callId.slice(0, 8)}`,
    `To: <sip:${domain}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'User-Agent: switchroom-health',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
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
