import { oneOf, readOptions, wholeNumber, wrong as wrongOf } from '../../command-line/read-options.ts';
import type { Where } from './where.ts';

/* The command line of `switchroom`: what every command of it takes. */

export interface Options {
  /** The command, and what stands after it. */
  words: readonly string[];
  /** Which options were given, beside those that every command takes. */
  given: readonly CommandOption[];
  json: boolean;
  colours: boolean;
  limit: number;
  where: Where;
  filters: Filters;
  /** Why something is done. */
  because?: string;
  minFree?: string;
  max?: string;
  format: Format;
  /** Of a report: its first moment, ISO 8601. */
  day: string;
  /** What a gateway costs by the hour, USD. */
  hourPrice?: number;
  /** Whether text goes to a screen. */
  screen: boolean;
}

export const formats = ['csv', 'ndjson'] as const;
export type Format = (typeof formats)[number];

/** For lists of calls, and of what else has been. */
export interface Filters {
  from?: string;
  to?: string;
  outcome?: string;
  room?: string;
  caller?: string;
  gateway?: string;
}

const flags = {
  json: { type: 'boolean', default: false },
  limit: { type: 'string' },
  since: { type: 'string' },
  from: { type: 'string' },
  because: { type: 'string' },
  'min-free': { type: 'string' },
  max: { type: 'string' },
  until: { type: 'string' },
  to: { type: 'string' },
  format: { type: 'string' },
  day: { type: 'string' },
  'hour-price': { type: 'string' },
  outcome: { type: 'string' },
  room: { type: 'string' },
  caller: { type: 'string' },
  gateway: { type: 'string' },
  'run-file': { type: 'string' },
  stack: { type: 'string' },
  url: { type: 'string' },
  'no-color': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** What every command takes. */
const common = ['json', 'run-file', 'stack', 'url', 'no-color', 'help'] as const;
export type CommandOption = Exclude<keyof typeof flags, (typeof common)[number]>;
const isCommon = (name: string) => common.some((one) => one === name);

export const optionNames = Object.keys(flags).map((name) => `--${name}`);

const command = 'npx switchroom';

export const wrong: (what: string) => never = (what) => wrongOf(command, what);

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `15m`, `2h`, `3d` before now, with a + after now; `12:00` of today; or a time of ISO 8601. Of this machine's zone where it
 * names none.
 */
function timeOf(flag: string, text: string, nowMs: number): string {
  const [, sign, count, unit = ''] = /^(\+?)(\d{1,5})([smhd])$/.exec(text) ?? [];
  const span = Number(count) * (unitMs[unit] ?? 0);
  const [hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text)?.slice(1).map(Number) ?? [];
  const isOfToday = hour !== undefined && minute !== undefined && hour < 24 && minute < 60;
  const at = isOfToday
    ? new Date(nowMs).setHours(hour, minute, 0, 0)
    : count === undefined
      ? Date.parse(text)
      : sign
        ? nowMs + span
        : nowMs - span;
  if (Number.isNaN(at))
    wrong(`${flag} takes 15m, 2h, 3d, +2h, 12:00 or a time such as 2026-11-30T09:00, not "${text}"`);
  return new Date(at).toISOString();
}

/** @returns the first moment of a day of UTC */
function dayOf(text: string | undefined, nowMs: number): string {
  const at = text === undefined ? nowMs : /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  const day = Number.isNaN(at) ? undefined : new Date(at).toISOString().slice(0, 10);
  // A day that its month has not is read as one of the next month.
  if (day === undefined || (text !== undefined && day !== text))
    wrong(`--day takes a day such as 2026-11-30, not "${text}"`);
  return `${day}T00:00:00.000Z`;
}

function priceOf(text: string): number {
  if (/^\d{1,4}(\.\d{1,6})?$/.test(text)) return Number(text);
  return wrong(`--hour-price takes USD such as 0.0148, not "${text}"`);
}

/**
 * @param environment NO_COLOR, SWITCHROOM_URL and SWITCHROOM_TOKEN
 * @param isTerminal whether colours can be seen
 * @throws CommandError naming what is wrong
 */
export function readSwitchroomOptions(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  isTerminal: boolean,
  nowMs: number,
): Options | 'help' {
  const { values, positionals } = readOptions({ command, flags, words: true }, args);
  if (values.help) return 'help';
  const { outcome, room, caller, gateway, because, 'min-free': minFree, max } = values;
  const [flag, since] = values.from === undefined ? ['--since', values.since] : ['--from', values.from];
  const [toFlag, until] = values.to === undefined ? ['--until', values.until] : ['--to', values.to];
  const given = {
    from: since === undefined ? undefined : timeOf(flag, since, nowMs),
    to: until === undefined ? undefined : timeOf(toFlag as string, until, nowMs),
    outcome,
    room,
    caller,
    gateway,
  };
  return {
    words: positionals,
    given: Object.keys(values).filter((name): name is CommandOption => !isCommon(name)),
    json: values.json,
    colours: isTerminal && !values['no-color'] && !environment.NO_COLOR,
    limit: wholeNumber(command, '--limit', values.limit ?? '50', 1, 1000),
    where: whereOf(values, environment),
    format: oneOf(command, '--format', values.format ?? 'csv', formats),
    day: dayOf(values.day, nowMs),
    ...(values['hour-price'] !== undefined && { hourPrice: priceOf(values['hour-price']) }),
    screen: isTerminal,
    ...(because !== undefined && { because }),
    ...(minFree !== undefined && { minFree }),
    ...(max !== undefined && { max }),
    filters: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

function whereOf(
  values: { 'run-file'?: string | undefined; stack?: string | undefined; url?: string | undefined },
  environment: NodeJS.ProcessEnv,
): Where {
  const { 'run-file': file, stack, url } = values;
  const given = [file, stack, url].filter((one) => one !== undefined);
  if (given.length > 1 || given.includes(''))
    wrong('name one of --run-file FILE, --stack NAME and --url ADDRESS');
  if (stack !== undefined) return { kind: 'stack', name: stack };
  const address = url ?? (file === undefined ? environment.SWITCHROOM_URL : undefined);
  if (!address) return { kind: 'run', file };
  const token = environment.SWITCHROOM_TOKEN;
  if (!token) wrong('--url needs a token in the environment variable SWITCHROOM_TOKEN');
  return { kind: 'url', url: address, token };
}
