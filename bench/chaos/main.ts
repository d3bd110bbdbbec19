import { readOptions, wholeNumber } from '../../command-line/read-options.ts';
import { runCommand } from '../../command-line/run-command.ts';
import { checkEnd } from './checks.ts';
import { Day } from './day.ts';

const help = `npm run chaos -- [options]     Plays days in which everything goes wrong, on the functions' real code.

  --seeds N        so many days (200)
  --seed N         one day only, with what did not hold
  --minutes N      how long things go wrong on a day (30)
  --help           this text

Ends with 0 where everything held, and with 1 where something did not.
`;

const flags = {
  seeds: { type: 'string', default: '200' },
  seed: { type: 'string' },
  minutes: { type: 'string', default: '30' },
  help: { type: 'boolean', default: false },
} as const;

const command = 'npm run chaos';

/** @returns what did not hold on the day of this seed */
async function playDay(seed: number, minutes: number): Promise<string[]> {
  const day = new Day({ seed, minutes });
  await day.play();
  checkEnd(day);
  return day.broken;
}

await runCommand('chaos', async () => {
  const { values } = readOptions({ command, flags, words: false }, process.argv.slice(2));
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const minutes = wholeNumber(command, '--minutes', values.minutes, 1, 1440);
  const only =
    values.seed === undefined ? undefined : wholeNumber(command, '--seed', values.seed, 1, 2 ** 31);
  const many = wholeNumber(command, '--seeds', values.seeds, 1, 1_000_000);
  const seeds = only === undefined ? Array.from({ length: many }, (_, n) => n + 1) : [only];
  let failing = 0;
  for (const seed of seeds) {
    const broken = await playDay(seed, minutes);
    if (broken.length === 0) continue;
    failing += 1;
    process.stdout.write(
      `seed ${seed}: ${broken.length} did not hold (npm run chaos -- --seed ${seed} --minutes ${minutes})\n`,
    );
    for (const what of broken.slice(0, only === undefined ? 3 : 100)) process.stdout.write(`  ${what}\n`);
  }
  process.stdout.write(
    `${seeds.length} days of ${minutes} minutes, ${failing} on which something did not hold\n`,
  );
  if (failing > 0) process.exitCode = 1;
});
