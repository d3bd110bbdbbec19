import {
  oneOf,
  readOptions as readFlags,
  wholeNumber,
  wrong as wrongOf,
} from '../../command-line/read-options.ts';

/* The command line of `npm start`. */

export interface Address {
  host: string;
  port: number;
}

export type SipServerChoice =
  | { kind: 'embedded' }
  /** A drachtio binary, started and stopped by the run. */
  | { kind: 'binary'; file: string }
  /** A drachtio that runs already, by its admin address. */
  | { kind: 'running'; admin: Address };

export type GatewayKind = 'auto' | 'baresip' | 'node';

export interface RunOptions {
  /** Of the first zone. */
  sip: Address;
  /** Edges, each with a SIP server of its own. */
  zones: number;
  aws: Address;
  sipServer: SipServerChoice;
  secret: string | undefined;
  /** Gateways kept free; the run is ready when they are registered. */
  minFree: number;
  /** How long a gateway takes to start, milliseconds, and the share of starts that fail. */
  startDelay: { fromMs: number; toMs: number };
  startFailureRate: number;
  gatewayKind: GatewayKind;
  /** Directory that keeps the state, or undefined for a run that leaves nothing. */
  data: string | undefined;
  runFile: string | undefined;
  /** File that the records of calls are written to. */
  records: string | undefined;
  json: boolean;
  /** Deployment settings (infra/settings.ts), as given. */
  settings: Record<string, string>;
  /** Variables of the edge alone (sip-edge/settings.ts). */
  edge: Record<string, string>;
}

export const help = `npm start -- [options]        Runs Switchroom whole on this machine. Ctrl-C stops it.

  --sip HOST:PORT          where SIP is taken, UDP and TCP; port 0 takes a free one      (127.0.0.1:5060)
  --zones N                as many edges, as a deployment has one in each zone; each takes SIP 10 ports
                           above the one before                                          (1)
  --domain NAME            the only SIP domain served: rooms are sip:ROOM@NAME           (sip.switchroom.test)
  --secret SECRET          the password of all gateways                                  (a random one)
  --min-free N             gateways kept free; 0: started when a call needs one          (2)
  --max N                  gateways at most; 0: bring your own                           (20)
  --start-delay TIME       how long a gateway takes to start, such as 20s, or 60s..120s  (0s)
  --start-failure-rate P   share of starts that fail, 0 to 1                             (0)
  --gateway-kind KIND      baresip, node (a small user agent), or auto: baresip if there (auto)
  --after-call stop|reuse  a gateway ends after its call, or serves the next             (stop)
  --min-expires-mode MODE  a REGISTER below 60 s: raise the grant, or refuse with 423    (raise)
  --data DIR               keep table, outbox, secret and queues in DIR for the next run (nothing is kept)
  --records FILE           write the record of each call that is over to FILE, a line of JSON each (none)
  --json                   one JSON object a line for each step, for programs
  --drachtio BINARY|HOST:PORT
                           use a real drachtio: a binary to start, or the admin address of a running one
                           (then --sip says where it takes SIP, and the variable DRACHTIO_SECRET its secret).
                           Also the variable DRACHTIO.                                   (the embedded SIP server)
  --aws HOST:PORT          where the local AWS listens; port 0 takes a free one          (127.0.0.1:0)
  --set NAME=VALUE         any other setting of the deployment, see infra/settings.ts; may be repeated
  --edge NAME=VALUE        any other variable of the edge, see sip-edge/settings.ts; may be repeated
  --run-file FILE          where other commands find this run                            (.switchroom/run.json)
  --help                   this text
`;

const flags = {
  sip: { type: 'string', default: '127.0.0.1:5060' },
  zones: { type: 'string', default: '1' },
  domain: { type: 'string' },
  secret: { type: 'string' },
  'min-free': { type: 'string' },
  max: { type: 'string', default: '20' },
  'start-delay': { type: 'string', default: '0s' },
  'start-failure-rate': { type: 'string', default: '0' },
  'gateway-kind': { type: 'string', default: 'auto' },
  'after-call': { type: 'string' },
  'min-expires-mode': { type: 'string' },
  data: { type: 'string' },
  records: { type: 'string' },
  json: { type: 'boolean', default: false },
  drachtio: { type: 'string' },
  aws: { type: 'string', default: '127.0.0.1:0' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  edge: { type: 'string', multiple: true, default: [] as string[] },
  'run-file': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const maxGateways = 200;
/** As a deployment has them (infra/settings.ts). */
const maxZones = 3;
const command = 'npm start';

const wrong: (what: string) => never = (what) => wrongOf(command, what);

/** @returns undefined where the text is not HOST:PORT */
export function parseAddress(text: string): Address | undefined {
  const [, host, port] = /^([A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined || Number(port) > 65535 ? undefined : { host, port: Number(port) };
}

function address(flag: string, text: string): Address {
  return parseAddress(text) ?? wrong(`--${flag} takes HOST:PORT, not "${text}"`);
}

/** `20s`, `500ms`, or two of them with `..` between. */
function delayOf(text: string): RunOptions['startDelay'] {
  const parts = text.split('..').map((part) => /^(\d{1,6})(ms|s)$/.exec(part));
  const [fromMs, toMs = fromMs] = parts.map((part) => Number(part?.[1]) * (part?.[2] === 's' ? 1000 : 1));
  if (
    parts.length > 2 ||
    parts.includes(null) ||
    fromMs === undefined ||
    toMs === undefined ||
    fromMs > toMs
  ) {
    return wrong(`--start-delay takes a time such as 20s or 60s..120s, not "${text}"`);
  }
  return { fromMs, toMs };
}

function rateOf(text: string): number {
  if (/^(0(\.\d+)?|1(\.0+)?)$/.test(text)) return Number(text);
  return wrong(`--start-failure-rate takes a share from 0 to 1, not "${text}"`);
}

function assignments(flag: string, list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) wrong(`--${flag} takes NAME=VALUE, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function sipServerOf(drachtio: string | undefined): SipServerChoice {
  if (!drachtio) return { kind: 'embedded' };
  if (drachtio.includes('/')) return { kind: 'binary', file: drachtio };
  return { kind: 'running', admin: address('drachtio', drachtio) };
}

const usualMinFree = 2;

/** As many as are usual, where nothing is asked for and there may be as many. */
function minFreeOf(text: string | undefined, max: number): number {
  if (text === undefined) return Math.min(usualMinFree, max);
  const minFree = wholeNumber(command, '--min-free', text, 0, maxGateways);
  return minFree <= max ? minFree : wrong(`--min-free ${minFree} is above --max ${max}`);
}

/** Letters that would end a parameter of baresip's account line, or a header of SIP. */
const secretPattern = /^[^\s;"<>]{1,128}$/;

/**
 * @param args what stands after `npm start --`
 * @param environment e.g. `process.env`
 * @returns the options, or `help` where that is asked
 * @throws CommandError naming the wrong option
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): RunOptions | 'help' {
  const given = readFlags({ command, flags, words: false }, args).values;
  if (given.help) return 'help';
  if (given.secret !== undefined && !secretPattern.test(given.secret)) {
    wrong('--secret takes 1 to 128 characters without blanks, quotes and ; < >');
  }
  const max = wholeNumber(command, '--max', given.max, 0, maxGateways);
  const minFree = minFreeOf(given['min-free'], max);
  const zones = wholeNumber(command, '--zones', given.zones, 1, maxZones);
  const sipServer = sipServerOf(given.drachtio ?? environment.DRACHTIO);
  if (zones > 1 && sipServer.kind === 'running')
    wrong('--zones takes a drachtio to start, not one that runs');
  const afterCall = given['after-call'];
  const minExpiresMode = given['min-expires-mode'];
  return {
    sip: address('sip', given.sip),
    aws: address('aws', given.aws),
    zones,
    sipServer,
    secret: given.secret,
    minFree,
    startDelay: delayOf(given['start-delay']),
    startFailureRate: rateOf(given['start-failure-rate']),
    gatewayKind: oneOf(command, '--gateway-kind', given['gateway-kind'], ['auto', 'baresip', 'node']),
    data: given.data,
    records: given.records,
    runFile: given['run-file'],
    json: given.json,
    settings: {
      zones: String(zones),
      poolMinFree: String(minFree),
      poolMax: String(max),
      // Any number of days: files of this machine are nobody's but its owner's.
      ...(given.records !== undefined && { recordExportDays: '1' }),
      ...assignments('set', given.set),
      ...(given.domain !== undefined && { domain: given.domain }),
      ...(afterCall !== undefined && {
        afterCall: oneOf(command, '--after-call', afterCall, ['stop', 'reuse']),
      }),
      ...(minExpiresMode !== undefined && {
        minExpiresMode: oneOf(command, '--min-expires-mode', minExpiresMode, ['raise', 'refuse']),
      }),
    },
    edge: assignments('edge', given.edge),
  };
}
