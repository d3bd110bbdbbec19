import type { RunFile } from '../../command-line/run-file.ts';
import type { LocalCloud } from '../aws/cloud.ts';
import type { Console } from './console.ts';
import type { RunOptions } from './options.ts';
import type { ChildExit } from './processes/child-process.ts';
import type { Reaper } from './processes/reaper.ts';
import type { Supervision } from './processes/supervision.ts';
import type { SipServer } from './sip-server.ts';
import { stepOf } from './steps.ts';
import { unwritable } from './unwritable.ts';

/* What a run tells the person who started it. */

/** Tells each step of a call, a gateway or a task, and what AWS would have refused. */
export function tellOf(cloud: LocalCloud, console: Console): void {
  cloud.buses.observe((event) => {
    const step = stepOf(event);
    if (step) console.step(step);
  });
  cloud.permissions.observe((denial) => {
    console.trouble('access-denied', `access denied, as AWS would: ${denial}`, { denial });
  });
  cloud.queues.observeLetters((queue, message) => {
    const text = `an event could not be handled and went to ${queue}: npx switchroom replay --show`;
    console.trouble('dead-letter', text, { queue, message });
  });
}

/** @param tail the last lines that the process said */
function tellDeath(console: Console, name: string, { code, signal }: ChildExit, tail: string[]): void {
  const how = signal ?? `status ${code}`;
  const text = [`${name} died (${how}) and is started again; it said last:`, ...tail];
  console.trouble('process.died', text.join('\n    '), { name, code, signal });
}

interface Ready extends Pick<RunOptions, 'minFree' | 'runFile'> {
  kind: SipServer['kind'];
  startMs: number;
}

const textOf = ({ host, port }: RunFile['sip']) => `${host}:${port}`;

/** Tells that calls can come, and what to do next. */
export function tellReady(console: Console, run: RunFile, { kind, startMs, minFree, runFile }: Ready): void {
  const sip = textOf(run.sip);
  const [{ edgeId } = {}] = run.edges;
  const flag = runFile ? ` --run-file ${runFile}` : '';
  const text = `
Ready after ${(startMs / 1000).toFixed(1)} s, with ${minFree} free gateway${minFree === 1 ? '' : 's'}.
  SIP     ${run.edges.map((edge) => textOf(edge.sip)).join(' and ')}, UDP and TCP (${kind === 'embedded' ? 'embedded SIP server' : 'drachtio'})
  rooms   sip:ROOM@${run.domain}
  AWS     ${run.awsEndpoint}
  API     ${run.outputs.ApiAddress}/v1
  token   ${run.apiToken}
  console ${run.outputs.ApiAddress}/#token=${run.apiToken}
  logs    ${run.logDir}

  place a call    npm run call -- 1234${flag}
  see the pool    npx switchroom gateways${flag}
  stop            Ctrl-C
`;
  console.ready({ ...run, sip, sipServer: kind, edgeId, minFree, startMs }, text);
}

/** What the processes of a run are watched with: everything that befalls them is told. */
export function supervisionOf(console: Console, reaper: Reaper, signal: AbortSignal): Supervision {
  return {
    signal,
    onGroup: reaper.watch,
    onDeath: (name, exit, tail) => tellDeath(console, name, exit, tail),
    onRestart: (name) => console.trouble('process.restarted', `${name} is up again`, { name }),
    onUnwritable: unwritable(console.trouble),
  };
}
