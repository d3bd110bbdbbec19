import { readOptions, wholeNumber } from '../../command-line/read-options.ts';
import { runCommand } from '../../command-line/run-command.ts';
import { mutations } from './mutations.ts';
import { playDay } from './play.ts';

const help = `npm run chaos -- [options]     Plays days in which everything goes wrong, on the functions' real code.

  --from N         the first seed (1), so that many days can be played in parts
  --seeds N        so many days (200)
  --seed N         one day only, with what did not hold
  --minutes N      how long things go wrong on a day (15)
  --mutations      leaves out conditions of the real code, one by one: each must be found
  --help           this text

Ends with 0 where everything held, and with 1 where something did not.
`;

const flags = {
  from: { type: 'string', default: '1' },
  seeds: { type: 'string', default: '200' },
  seed: { type: 'string' },
  minutes: { type: 'string', default: '15' },
  mutations: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const command = 'npm run chaos';

/** The shortest day of this seed that breaks: what comes first is what to look at. */
async function shortest(seed: number, minutes: number): Promise<number> {
  let least = minutes;
  for (const fewer of [1, 2, 3, 5, 8, 12, 20]) {
    if (fewer >= least) break;
    if ((await playDay({ seed, minutes: fewer })).broken.length > 0) least = fewer;
  }
  return least;
}

/** Leaves one condition out after the other. @returns how many no day has shown */
async function playMutations(seeds: readonly number[], minutes: number): Promise<number> {
  let unseen = 0;
  for (const mutation of mutations) {
    let found: string | undefined;
    for (const seed of seeds) {
      const [first] = (await playDay({ seed, minutes, mutation })).broken;
      if (first === undefined) continue;
      found = `seed ${seed}: ${first}`;
      break;
    }
    if (found === undefined) unseen += 1;
    process.stdout.write(`${mutation.name}: ${found ?? 'not found'}\n`);
  }
  return unseen;
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
  const from = wholeNumber(command, '--from', values.from, 1, 2 ** 31);
  const many = wholeNumber(command, '--seeds', values.seeds, 1, 1_000_000);
  const seeds = only === undefined ? Array.from({ length: many }, (_, n) => from + n) : [only];
  if (values.mutations) {
    if ((await playMutations(seeds, minutes)) > 0) process.exitCode = 1;
    return;
  }
  let [failing, tries, cpuMicros] = [0, 0, 0];
  for (const seed of seeds) {
    const begun = process.cpuUsage();
    const { broken, calls } = await playDay({ seed, minutes });
    const { user, system } = process.cpuUsage(begun);
    tries += calls;
    cpuMicros += user + system;
    if (broken.length === 0) continue;
    failing += 1;
    process.stdout.write(
      `seed ${seed}: ${broken.length} did not hold (npm run chaos -- --seed ${seed} --minutes ${await shortest(seed, minutes)})\n`,
    );
    for (const what of broken.slice(0, only === undefined ? 3 : 100)) process.stdout.write(`  ${what}\n`);
  }
  process.stdout.write(
    `seeds ${seeds[0]} to ${seeds.at(-1)}: ${seeds.length} days of ${minutes} minutes, ${tries} calls, ${failing} days on which something did not hold, ${(cpuMicros / 1e6 / seeds.length).toFixed(2)} s of CPU a day\n`,
  );
  if (failing > 0) process.exitCode = 1;
});
