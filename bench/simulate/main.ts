import { writeFileSync } from 'node:fs';
import { CommandError } from '../../command-line/command-error.ts';
import { runCommand } from '../../command-line/run-command.ts';
import { PolicyError } from '../../contracts/pool-policy.ts';
import { readTrace, TraceError, writeTrace } from './day/trace.ts';
import { help, type Options, readOptions } from './options.ts';
import { plot } from './show/plot.ts';
import { allTable, figuresTable } from './show/report.ts';
import { dayOf, figuresOf, simulate } from './simulate.ts';

function run(options: Options): void {
  const print = (text: string) => process.stdout.write(text);
  if (options.help) {
    print(help);
    return;
  }
  const trace = readTrace(options.trace);
  if (options.all) {
    print(allTable(trace, options, options.seeds, (what) => process.stderr.write(`${what} …\n`)));
    return;
  }
  if (options.write !== undefined) {
    writeFileSync(options.write, writeTrace(dayOf(trace, options).trace));
    return;
  }
  const played = simulate(trace, options);
  const figures = figuresOf(played);
  print(options.json ? `${JSON.stringify(figures, null, 2)}\n` : figuresTable(figures));
  if (options.plot !== undefined) {
    const original = simulate(trace, { ...options, policy: 'original' });
    const day = dayOf(trace, options).trace;
    writeFileSync(
      options.plot,
      plot({ title: options.day ?? 'the day of the trace', policy: options.policy, day, played, original }),
    );
  }
}

await runCommand('simulate', () => {
  try {
    run(readOptions(process.argv.slice(2)));
  } catch (error) {
    // What is wrong with the files that the options name.
    if (error instanceof PolicyError || error instanceof TraceError) throw new CommandError(error.message, 2);
    throw error;
  }
});
