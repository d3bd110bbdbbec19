import { RunError } from '../local/run/options.ts';
import { help, readReplayOptions } from './replay/options.ts';
import { replay } from './replay/replay.ts';
import { show } from './replay/show.ts';

/* `npm run replay`: gives what could not be handled back to who should have, once the cause is mended. */

try {
  const options = readReplayOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
  } else {
    const report = await replay(options);
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : show(report, Date.now())}\n`);
    if (report.some(({ fate }) => fate === 'kept')) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  console.error(`replay: ${error.message}`);
  process.exitCode = error.exitCode;
}
