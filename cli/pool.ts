import { RunError } from '../local/run/options.ts';
import { ask } from './pool/ask.ts';
import { help, readPoolOptions } from './pool/options.ts';
import { show } from './pool/show.ts';

/* `npm run pool`: the pool and its calls, of a run on this machine or of a deployed stack. */

try {
  const options = readPoolOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
  } else {
    const answer = await ask(options);
    const text = options.json ? JSON.stringify(answer, null, 2) : show(answer, Date.now());
    process.stdout.write(`${text}\n`);
    if (answer.result === 'not-found') process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof RunError)) throw error;
  console.error(`pool: ${error.message}`);
  process.exitCode = error.exitCode;
}
