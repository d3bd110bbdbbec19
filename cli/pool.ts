import { runCommand } from '../command-line/run-command.ts';
import { ask } from './pool/ask.ts';
import { help, readPoolOptions } from './pool/options.ts';
import { show } from './pool/show.ts';

/* `npm run pool`: the pool and its calls, of a run on this machine or of a deployed stack. */

await runCommand('pool', async () => {
  const options = readPoolOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const answer = await ask(options);
  const text = options.json ? JSON.stringify(answer, null, 2) : show(answer, Date.now());
  process.stdout.write(`${text}\n`);
  return answer.result === 'not-found' ? 1 : 0;
});
