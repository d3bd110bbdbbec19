import { runCommand } from '../command-line/run-command.ts';
import { help, readReplayOptions } from './replay/options.ts';
import { replay } from './replay/replay.ts';
import { show } from './replay/show.ts';

/* `npm run replay`: gives what could not be handled back to who should have, once the cause is mended. */

await runCommand('replay', async () => {
  const options = readReplayOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const report = await replay(options);
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : show(report, Date.now())}\n`);
  return report.some(({ fate }) => fate === 'kept') ? 1 : 0;
});
