import { parseArgs } from 'node:util';
import { benchAllocation } from './allocation.ts';
import { benchCalls } from './calls.ts';
import { benchCold } from './cold.ts';
import { benchFleet } from './fleet.ts';
import { benchOperations } from './operations.ts';
import { benchRegisters } from './registers.ts';
import { benchRush } from './rush.ts';
import { benchStart } from './start.ts';

const help = `npm run bench -- [options]     Measures a whole run on this machine, prints one JSON object.

  --only LIST    of start, registers, calls, allocation, operations, cold, rush, fleet (all; memory is part of calls)
  --seconds N    how long each load of calls lasts (20)
  --rates LIST   calls a second with 100 gateways (5,20,50,100)
  --help         this text
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'start,registers,calls,allocation,operations,cold,rush,fleet' },
    seconds: { type: 'string', default: '20' },
    rates: { type: 'string', default: '5,20,50,100' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const only = new Set(values.only.split(','));
  const seconds = Number(values.seconds);
  const result: Record<string, unknown> = { at: new Date().toISOString(), node: process.version };
  const say = (what: string) => process.stderr.write(`${what} …\n`);
  if (only.has('start')) {
    say('start');
    result.start = await benchStart();
  }
  if (only.has('fleet')) {
    say('fleet');
    result.fleet = await benchFleet();
  }
  if (only.has('cold')) {
    say('cold');
    result.cold = await benchCold();
  }
  if (only.has('rush')) {
    say('rush');
    result.rush = await benchRush();
  }
  if (only.has('operations')) {
    say('operations');
    result.operations = await benchOperations();
  }
  if (only.has('allocation')) {
    say('allocation');
    result.allocation = await benchAllocation();
  }
  if (only.has('registers')) {
    say('registers');
    result.registers = await benchRegisters();
  }
  if (only.has('calls')) {
    const calls: unknown[] = [];
    for (const perSec of values.rates.split(',').map(Number)) {
      say(`calls: ${perSec} a second, 100 gateways`);
      // At 100 a second, 100 single-use gateways must be back within a second.
      calls.push(await benchCalls({ gateways: 100, perSec, seconds, holdMs: 500 }));
    }
    say('calls: 50 a second, 1,000 gateways');
    calls.push(await benchCalls({ gateways: 1000, perSec: 50, seconds, holdMs: 500 }));
    result.calls = calls;
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}
