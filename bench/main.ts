import { writeFileSync } from 'node:fs';
import { readOptions, wholeNumber, wrong } from '../command-line/read-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { benchAllocation } from './measure/allocation.ts';
import { benchApi } from './measure/api.ts';
import { benchCalls } from './measure/calls.ts';
import { benchCold } from './measure/cold.ts';
import { benchConsole } from './measure/console.ts';
import { benchCpu } from './measure/cpu.ts';
import { benchCrowd } from './measure/crowd.ts';
import { benchFleet } from './measure/fleet.ts';
import { benchFlood } from './measure/flood.ts';
import { benchKills } from './measure/kills.ts';
import { benchOperations } from './measure/operations.ts';
import { benchOverload } from './measure/overload.ts';
import { benchRegisters } from './measure/registers.ts';
import { benchRush } from './measure/rush.ts';
import { benchStart } from './measure/start.ts';
import { overloadPlot, overloadTable } from './show/overload.ts';

const command = 'npm run bench';

type Name =
  | 'start'
  | 'fleet'
  | 'cold'
  | 'rush'
  | 'operations'
  | 'allocation'
  | 'api'
  | 'console'
  | 'registers'
  | 'calls'
  | 'overload'
  | 'crowd'
  | 'flood'
  | 'kills'
  | 'cpu';

/** Each measurement by its name, in the order in which they run. */
const measurements: Record<Name, (load: Load) => Promise<unknown>> = {
  start: () => benchStart(),
  fleet: () => benchFleet(),
  cold: () => benchCold(),
  rush: () => benchRush(),
  operations: () => benchOperations(),
  allocation: () => benchAllocation(),
  api: () => benchApi(),
  console: () => benchConsole(),
  registers: () => benchRegisters(),
  calls: allCalls,
  overload: overloadShown,
  crowd: ({ seconds }) => benchCrowd(seconds),
  flood: ({ seconds }) => benchFlood(seconds),
  kills: ({ seconds }) => benchKills(seconds),
  cpu: ({ beside }) => benchCpu(beside),
};
const names = Object.keys(measurements) as Name[];

const help = `npm run bench -- [options]     Measures a whole run on this machine, prints one JSON object.

  --only LIST    of ${names.join(', ')} (all; memory is part of calls)
  --seconds N    how long each load lasts (20)
  --rates LIST   calls a second with 100 gateways (5,20,50,100)
  --beside DIR   another checkout, for cpu and overload: measured in turn with this one, or after it
  --plot FILE    draw the overload (SVG); its table goes to standard error
  --help         this text
`;

const flags = {
  only: { type: 'string', default: names.join(',') },
  seconds: { type: 'string', default: '20' },
  rates: { type: 'string', default: '5,20,50,100' },
  beside: { type: 'string' },
  plot: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

interface Load {
  seconds: number;
  rates: readonly number[];
  beside: string | undefined;
  plot: string | undefined;
}

const say = (what: string) => process.stderr.write(`${what} …\n`);

async function allCalls({ seconds, rates }: Load): Promise<unknown[]> {
  const calls: unknown[] = [];
  for (const perSec of rates) {
    say(`calls: ${perSec} a second, 100 gateways`);
    // At 100 a second, 100 single-use gateways must be back within a second.
    calls.push(await benchCalls({ gateways: 100, perSec, seconds, holdMs: 500 }));
  }
  say('calls: 50 a second, 1,000 gateways');
  calls.push(await benchCalls({ gateways: 1000, perSec: 50, seconds, holdMs: 500 }));
  say('calls: 50 a second, from cold');
  calls.push(await benchCalls({ gateways: 100, perSec: 50, seconds, holdMs: 500, isCold: true }));
  return calls;
}

async function overloadShown({ seconds, beside, plot }: Load) {
  const overload = await benchOverload(seconds, beside);
  process.stderr.write(overloadTable(overload));
  if (plot !== undefined) writeFileSync(plot, overloadPlot(overload));
  return overload;
}

await runCommand('bench', async () => {
  const { values } = readOptions({ command, flags, words: false }, process.argv.slice(2));
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const only = new Set(values.only.split(','));
  for (const name of only) {
    if (!names.some((known) => known === name)) {
      wrong(command, `--only takes ${names.join(', ')}, not "${name}"`);
    }
  }
  const load: Load = {
    seconds: wholeNumber(command, '--seconds', values.seconds, 1),
    beside: values.beside,
    plot: values.plot,
    rates: values.rates.split(',').map((text) => wholeNumber(command, '--rates', text, 1, 1000)),
  };
  const result: Record<string, unknown> = { at: new Date().toISOString(), node: process.version };
  for (const name of names.filter((one) => only.has(one))) {
    say(name);
    result[name] = await measurements[name](load);
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
});
