import { runCommand } from '../command-line/run-command.ts';
import { outputOfRun } from '../command-line/run-file.ts';
import { help, readTraceOptions } from './trace/options.ts';
import { readLinesOfCall } from './trace/read-lines.ts';
import { show } from './trace/show.ts';

/* `npm run trace`: one call's way through edge and functions, by their log lines. */

await runCommand('trace', async () => {
  const options = readTraceOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const { callId, json, runFile } = options;
  const lines = await readLinesOfCall(outputOfRun(runFile, 'TableName').logDir, callId);
  process.stdout.write(`${json ? JSON.stringify(lines, null, 2) : show(lines, callId)}\n`);
  return lines.length === 0 ? 1 : 0;
});
