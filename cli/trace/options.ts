import { readOptions, wrong } from '../../command-line/read-options.ts';

/* The command line of `npm run trace`. */

export interface TraceOptions {
  callId: string;
  json: boolean;
  runFile: string | undefined;
}

export const help = `npm run trace -- CALL-ID [options]        Shows a call's way through edge and functions.

Finds every log line of the call, by its Call-ID and by the trace id that its lines share, in the order of time. A
call refused at admission has a line here, and no record in npx switchroom. For a run of npm start on this machine; the
saved query call-timeline does the same in a deployed stack (docs/operate.md).

  --json                   for programs: the lines as they were logged
  --run-file FILE          the run of npm start to look at                                  (.switchroom/run.json)
  --help                   this text
`;

const command = 'npm run trace';
const flags = {
  json: { type: 'boolean', default: false },
  'run-file': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** @throws CommandError naming what is wrong */
export function readTraceOptions(args: readonly string[]): TraceOptions | 'help' {
  const { values, positionals } = readOptions({ command, flags, words: true }, args);
  if (values.help) return 'help';
  const [callId, ...more] = positionals;
  if (callId === undefined || callId === '' || more.length > 0) wrong(command, 'name one Call-ID');
  return { callId, json: values.json, runFile: values['run-file'] };
}
