import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Load {
  /** File in bench/support/sipp/. */
  scenario: string;
  sip: { host: string; port: number };
  perSec: number;
  count: number;
  /** Rows of the injection file: `[field0]`, `[field1]` … of each run, in turn. */
  rows: readonly (readonly string[])[];
  /** Length of a `<pause />`, ms. */
  pauseMs?: number;
  /** `uri` of the digest, without `sip:`; SIPp would write the server's address. */
  authUri?: string;
  /** After that SIPp gives up, seconds. */
  timeoutSec: number;
}

interface Timed {
  /** Epoch ms. */
  at: number;
  ms: number;
  /** Of the scenario's timers. */
  timer: number;
}

export interface LoadResult {
  ok: number;
  failed: number;
  /** Response times, ms, of the scenario's first timer. */
  samplesMs: number[];
  /** Those of all its timers, with when each ended. */
  timed: Timed[];
  /** Answers that no scenario expects, by status and Reason: how often. */
  unexpected: Record<string, number>;
  retransmissions: number;
  /** What the scenario logged, a line each. */
  logged: string[];
  tookSec: number;
}

/**
 * Drives the load with SIPp over UDP.
 * @throws where SIPp is missing or writes no statistics
 */
export async function runSipp(load: Load): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'switchroom-bench-'));
  try {
    await writeFile(
      join(directory, 'rows.csv'),
      ['SEQUENTIAL', ...load.rows.map((r) => r.join(';'))].join('\n'),
    );
    const startedAt = Date.now();
    await finished(
      spawn(
        'sipp',
        [
          ...[
            `${load.sip.host}:${load.sip.port}`,
            '-sf',
            join(import.meta.dirname, 'sipp', `${load.scenario}.xml`),
          ],
          ...['-inf', join(directory, 'rows.csv'), '-i', '127.0.0.1', '-t', 'u1'],
          ...['-r', String(load.perSec), '-rp', '1000', '-m', String(load.count), '-l', '100000'],
          ...(load.pauseMs === undefined ? [] : ['-d', String(load.pauseMs)]),
          ...(load.authUri === undefined ? [] : ['-auth_uri', load.authUri]),
          ...[
            '-timeout',
            `${load.timeoutSec}s`,
            '-recv_timeout',
            '20000',
            '-nostdin',
            '-buff_size',
            '4194304',
            // Times would be told in steps of 4 ms.
            '-timer_resol',
            '1',
          ],
          // Whether the call still stands is asked by OPTIONS, at any moment.
          '-aa',
          ...['-trace_rtt', '-rtt_freq', '1', '-trace_err', '-trace_logs', '-trace_stat', '-fd', '1'],
        ],
        { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    );
    return { ...(await readResult(directory)), tookSec: (Date.now() - startedAt) / 1000 };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** SIPp exits with 1 where calls failed: that is a result, not an error. */
async function finished(child: ReturnType<typeof spawn>): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`sipp does not start (${error.message}): install sip-tester`)),
    );
    child.once('exit', resolve);
  });
  if (code !== 0 && code !== 1 && code !== 97) throw new Error(`sipp ended with ${code}: ${said}`);
}

async function readResult(directory: string): Promise<Omit<LoadResult, 'tookSec'>> {
  const files = await readdir(directory);
  const read = async (pattern: RegExp) => {
    const name = files.find((file) => pattern.test(file));
    return name === undefined ? '' : await readFile(join(directory, name), 'utf8');
  };
  // `…_rtt.csv`: Date_ms;response_time_ms;rtd_no
  const timed = (await read(/_rtt\.csv$/))
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [at, ms, timer] = line.split(';').map(Number);
      return at === undefined || ms === undefined || timer === undefined ? [] : [{ at, ms, timer }];
    });
  const [header = '', ...lines] = (await read(/_\.csv$/)).trim().split('\n');
  const last = (lines.at(-1) ?? '').split(';');
  const column = (name: string) => Number(last[header.split(';').indexOf(name)] ?? Number.NaN);
  if (Number.isNaN(column('SuccessfulCall(C)'))) throw new Error('sipp wrote no statistics');
  const unexpected: Record<string, number> = {};
  const refusal = /received 'SIP\/2\.0 (\d{3})[^']*?(?:Reason: [^\r\n]*text="([^";]*)|')/g;
  for (const [, status = '', why = ''] of (await read(/_errors\.log$/)).matchAll(refusal)) {
    const answer = `${status} ${why}`.trim();
    unexpected[answer] = (unexpected[answer] ?? 0) + 1;
  }
  return {
    ok: column('SuccessfulCall(C)'),
    failed: column('FailedCall(C)'),
    retransmissions: column('Retransmissions(C)'),
    samplesMs: timed.filter(({ timer }) => timer === 1).map(({ ms }) => ms),
    timed,
    unexpected,
    logged: (await read(/_logs\.log$/)).split('\n').filter(Boolean),
  };
}
