import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  oneOf as oneOfWords,
  readOptions as readFlags,
  wholeNumber,
  wrong as wrongOf,
} from '../../command-line/read-options.ts';
import { timeZoneSchema } from '../../contracts/common.ts';
import { type DayName, days } from './day/days.ts';
import { policyNames } from './policies.ts';
import type { RunSettings } from './simulate.ts';

export const help = `npm run simulate -- [options]     Replays a day of calls against a policy of the pool.

  --trace FILE          CSV of start,end with offsets (a sixth of a real day, from this repository)
  --day NAME            a day drawn from the trace by the seed, in place of its own:
                        ${Object.keys(days).join(', ')}
  --policy NAME         original, timeline, predictive, or the file of a policy (predictive)
  --start-sec A..B      seconds from the request of a start to its registration, at random between (60..120)
  --gateway KIND        single-use or reuse (single-use)
  --max N               gateways at most (2000)
  --wait-limit-sec N    a call that waits longer is refused (90)
  --stop-sec N          seconds that a stopped gateway still counts (5)
  --seed N              of the starts, of the days drawn, and of the days before (1)
  --history-days N      days before, drawn from the trace, that a policy may learn from (28)
  --time-zone ZONE      of the policies' times of day (Europe/Paris)
  --surge-at HH:MM      when the tenfold surge begins (11:30)
  --json                print one JSON object
  --plot FILE.svg       draw the day, with the original's policy beside it
  --write FILE.csv      write the day's calls instead of playing them
  --all                 print a table of all days and policies, over seeds 1 to --seeds
  --seeds N             with --all (5)
  --help                this text
`;

export interface Options extends RunSettings {
  trace: string;
  json: boolean;
  plot?: string;
  write?: string;
  all: boolean;
  seeds: number;
  help: boolean;
}

const command = 'npm run simulate';
const wrong: (what: string) => never = (what) => wrongOf(command, what);

const flags = {
  trace: { type: 'string', default: join(import.meta.dirname, 'sample.csv') },
  day: { type: 'string' },
  policy: { type: 'string', default: 'predictive' },
  'start-sec': { type: 'string', default: '60..120' },
  gateway: { type: 'string', default: 'single-use' },
  max: { type: 'string', default: '2000' },
  'wait-limit-sec': { type: 'string', default: '90' },
  'stop-sec': { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  'history-days': { type: 'string', default: '28' },
  'time-zone': { type: 'string', default: 'Europe/Paris' },
  'surge-at': { type: 'string', default: '11:30' },
  json: { type: 'boolean', default: false },
  plot: { type: 'string' },
  write: { type: 'string' },
  all: { type: 'boolean', default: false },
  seeds: { type: 'string', default: '5' },
  help: { type: 'boolean', default: false },
} as const;

/** @throws CommandError naming what is wrong */
export function readOptions(args: readonly string[]): Options {
  const { values } = readFlags({ command, flags, words: false }, args);
  const isName = policyNames.some((name) => name === values.policy);
  return {
    trace: values.trace,
    ...(values.day !== undefined && { day: dayName(values.day) }),
    policy: values.policy,
    ...(!isName && !values.help && { policyJson: policyFile(values.policy) }),
    startSec: range('--start-sec', values['start-sec']),
    gateways: oneOf('--gateway', values.gateway, ['single-use', 'reuse']),
    maxGateways: whole('--max', values.max, 1),
    waitLimitSec: whole('--wait-limit-sec', values['wait-limit-sec'], 0),
    stopSec: whole('--stop-sec', values['stop-sec'], 0),
    seed: whole('--seed', values.seed, 0),
    historyDays: whole('--history-days', values['history-days'], 0),
    timeZone: timeZone(values['time-zone']),
    surgeMinute: minuteOfDay('--surge-at', values['surge-at']),
    json: values.json,
    ...(values.plot !== undefined && { plot: writable('--plot', values.plot) }),
    ...(values.write !== undefined && { write: writable('--write', values.write) }),
    all: values.all,
    seeds: whole('--seeds', values.seeds, 1),
    help: values.help,
  };
}

const whole = (name: string, text: string, least: number) => wholeNumber(command, name, text, least);

function range(name: string, text: string): [number, number] {
  const [, low, high] = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const from = Number(low);
  const to = Number(high ?? low);
  if (low === undefined || to < from) return wrong(`${name} ${text}: two numbers like 60..120 are wanted`);
  return [from, to];
}

const oneOf = <T extends string>(name: string, text: string, allowed: readonly T[]): T =>
  oneOfWords(command, name, text, allowed);

/** @returns the file, where its folder is there: told before the run, not after it */
function writable(name: string, file: string): string {
  return existsSync(dirname(file)) ? file : wrong(`${name} ${file}: there is no folder ${dirname(file)}`);
}

function dayName(text: string): DayName {
  return oneOf('--day', text, Object.keys(days) as DayName[]);
}

function timeZone(text: string): string {
  const parsed = timeZoneSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  return wrong(`--time-zone ${text}: ${parsed.error.issues.map(({ message }) => message).join(', ')}`);
}

function minuteOfDay(name: string, text: string): number {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) return wrong(`${name} ${text}: a time like 11:30 is wanted`);
  return Number(hours) * 60 + Number(minutes);
}

function policyFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return wrong(`--policy ${file} is neither ${policyNames.join(', ')} nor a file of JSON: ${why}`);
  }
}
