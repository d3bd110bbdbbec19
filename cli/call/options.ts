import { parseArgs } from 'node:util';
import { parseNameAddr } from '../../sip/name-addr.ts';

/* The command line of `npm run call`. */

export interface CallOptions {
  room: string;
  /** Where the INVITE goes; undefined: the run on this machine. */
  sip: { host: string; port: number } | undefined;
  /** undefined: that of the run on this machine. */
  domain: string | undefined;
  protocol: 'udp' | 'tcp';
  /** How long to stay in the call, seconds. */
  durationSec: number;
  /** From, as a header value without a tag. */
  from: string;
  json: boolean;
  runFile: string | undefined;
}

/** What is wrong with the command line, in one line. */
export class CallOptionsError extends Error {
  override readonly name = 'CallOptionsError';
}

export const callHelp = `npm run call -- ROOM [options]     Calls a room, shows what happens, hangs up. Ctrl-C hangs up at once.

  --sip HOST:PORT      where SIP is taken                (the npm start of this machine)
  --domain NAME        the domain of the room            (that of the npm start)
  --transport udp|tcp                                    (udp)
  --duration SEC       how long to stay in the call      (5)
  --from "NAME <URI>"  who calls                         ("Test caller" <sip:caller@endpoint.example>)
  --json               one JSON object a line
  --run-file FILE      how to find the npm start         (.switchroom/run.json)
  --help               this text

Ends with 0 if the call was answered, 1 if it was not, 2 if the command line is wrong.
`;

const flags = {
  sip: { type: 'string' },
  domain: { type: 'string' },
  transport: { type: 'string', default: 'udp' },
  duration: { type: 'string', default: '5' },
  from: { type: 'string', default: '"Test caller" <sip:caller@endpoint.example>' },
  json: { type: 'boolean', default: false },
  'run-file': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const maxDurationSec = 86_400;

function wrong(what: string): never {
  throw new CallOptionsError(`${what}; see npm run call -- --help`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    // parseArgs adds advice on "--", which is of no use here.
    return wrong((error as Error).message.split(/\. To specify/)[0] ?? 'wrong option');
  }
}

function readAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 5060) > 65_535) wrong(`--sip takes HOST:PORT, not "${text}"`);
  return { host, port: Number(port ?? 5060) };
}

/**
 * @param args what stands after `npm run call --`
 * @throws CallOptionsError naming what is wrong
 */
export function readCallOptions(args: readonly string[]): CallOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [room, ...more] = positionals;
  if (room === undefined || room === '') wrong('which room?');
  if (more.length > 0) wrong(`one room only, and "${more[0]}" beside it`);
  const { transport, from } = values;
  if (transport !== 'udp' && transport !== 'tcp') wrong(`--transport takes udp or tcp, not "${transport}"`);
  const durationSec = Number(values.duration);
  if (!/^\d+(\.\d+)?$/.test(values.duration) || durationSec > maxDurationSec) {
    wrong(`--duration takes seconds, at most ${maxDurationSec}, not "${values.duration}"`);
  }
  const { domain } = values;
  if (domain !== undefined && !/^[A-Za-z0-9.-]+$/.test(domain))
    wrong(`--domain takes a name, not "${domain}"`);
  const readable = parseNameAddr(from);
  if (!readable || !/^sips?:.+/.test(readable.uri) || /[\r\n]/.test(from)) {
    wrong(`--from takes a name and a URI, such as "Name <sip:user@example.org>", not "${from}"`);
  }
  return {
    room,
    sip: values.sip === undefined ? undefined : readAddress(values.sip),
    domain,
    protocol: transport,
    durationSec,
    // Always with brackets: a tag behind a bare URI would be taken for one of its parameters.
    from: from.includes('<') ? from : `<${from}>`,
    json: values.json,
    runFile: values['run-file'],
  };
}
