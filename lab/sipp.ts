import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '../local/run/synthesize.ts';
import { inNamespace } from './network/commands.ts';

export interface SippCall {
  namespace: string;
  /** The caller's own. */
  address: string;
  /** Whom it sends to. */
  server: string;
  domain: string;
  transport: 'udp' | 'tcp';
  /** Path under the project, without `.xml`. */
  scenario: string;
  /** What comes again, since its answer was lost, is no reason to give up. */
  isLossy?: boolean;
}

const patienceSec = 120;

/** One call by SIPp. @returns when it is over: its messages where it did not go as the scenario says, else undefined */
export function placeCallBySipp(call: SippCall): Promise<string | undefined> {
  const { namespace, address, server, domain, transport, scenario, isLossy = false } = call;
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-sipp-'));
  const sipp = [
    ...['sipp', `${server}:5060`, '-sf', join(projectDir, `${scenario}.xml`), '-m', '1'],
    ...['-i', address, '-t', transport === 'udp' ? 'u1' : 't1', '-s', '1234', '-key', 'domain', domain],
    // The edge asks by OPTIONS, at any moment, whether the call still stands: -aa.
    ...[
      '-default_behaviors',
      isLossy ? 'none' : 'none,abortunexp',
      '-aa',
      '-nostdin',
      '-timeout',
      `${patienceSec}s`,
      '-timeout_error',
    ],
    ...[
      '-trace_msg',
      '-message_file',
      join(dir, 'messages'),
      '-trace_err',
      '-error_file',
      join(dir, 'errors'),
    ],
  ];
  const [file = '', ...args] = inNamespace(namespace, sipp);
  const child = spawn(file, args, { cwd: dir, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const traces = ['errors', 'messages'].map((name) => readIfThere(join(dir, name)));
      rmSync(dir, { recursive: true, force: true });
      resolve(code === 0 ? undefined : `SIPp ${scenario}, ${code}:\n${traces.join('\n')}`);
    });
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
