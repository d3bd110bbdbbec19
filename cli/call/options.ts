import { oneOf, readOptions, wrong as wrongOf } from '../../command-line/read-options.ts';
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

const command = 'npm run call';

const wrong: (what: string) => never = (what) => wrongOf(command, what);

function readAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 5060) > 65_535) wrong(`--sip takes HOST:PORT, not "${text}"`);
  return { host, port: Number(port ?? 5060) };
}

/**
 * @param args what stands after `npm run call --`
 * @throws CommandError naming what is wrong
 */
export function readCallOptions(args: readonly string[]): CallOptions | 'help' {
  const { values, positionals } = readOptions({ command, flags, words: true }, args);
  if (values.help) return 'help';
  const [room, ...more] = positionals;
  if (room === undefined || room === '') wrong('which room?');
  if (more.length > 0) wrong(`one room only, and "${more[0]}" beside it`);
  const { transport, from } = values;
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
    protocol: oneOf(command, '--transport', transport, ['udp', 'tcp']),
    durationSec,
    // Always with brackets: a tag behind a bare URI would be taken for one of its parameters.
    from: from.includes('<') ? from : `<${from}>`,
    json: values.json,
    runFile: values['run-file'],
  };
}
