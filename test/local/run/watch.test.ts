import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfigOf, type RunFile } from '../../../command-line/run-file.ts';
import { metrics } from '../../../contracts/metrics.ts';
import { queryLines, savedQueries } from '../../../infra/watch/queries.ts';
import { isEmf, type MetricValue, readEmf } from '../../support/emf.ts';
import { runCommand } from '../../support/process/run-command.ts';
import { SwitchroomProcess } from '../../support/process/switchroom-process.ts';
import { reportMedia } from '../../support/report-media.ts';
import { until } from '../../support/until.ts';

/*
 * What an operator sees of real calls: the log lines of the deployed bundles and of the edge, read as CloudWatch
 * would read them.
 */

type Line = Record<string, unknown>;

const sipEdge = resolve(import.meta.dirname, '../../../sip-edge');

const secret = 'gateway-secret';
let run: SwitchroomProcess;
/** Epoch ms. */
let startedAt: number;
let logDir: string;
let lines: { edge: Line[]; functions: Line[] };

const linesOf = (isWanted: (file: string) => boolean): Line[] =>
  readdirSync(logDir)
    .filter(isWanted)
    .flatMap((file) => readFileSync(join(logDir, file), 'utf8').split('\n'))
    // What else is printed is no JSON, and CloudWatch finds no fields in it.
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

const readLines = () => ({
  edge: linesOf((file) => file === 'edge.log'),
  functions: linesOf((file) => file.startsWith('Switchroom-')),
});

const values = (): MetricValue[] =>
  [...lines.edge, ...lines.functions].filter(isEmf).flatMap((line) => readEmf(line, 'Switchroom'));
const valuesOf = (name: string) => values().filter((one) => one.name === name);

/** What was counted of the pool, count by count. */
const counts = () =>
  valuesOf('FreeGateways').map(({ at }) =>
    Object.fromEntries(
      values()
        .filter((one) => one.at === at)
        .map(({ name, value }) => [name, value]),
    ),
  );
/** Not the count that a lock became a call in: it reads one index after the other, and sees the gateway in both. */
const isBusy = (count: Record<string, number>) => count.BusyGateways === 1 && count.LockedGateways === 0;

async function call(room: string, ...args: string[]): Promise<number> {
  const { code } = await runCommand('cli/call.ts', [room, '--run-file', run.runFile, ...args]);
  return code;
}

/** The tick of the minute, now. */
async function sweep(): Promise<void> {
  const lambda = new LambdaClient(clientConfigOf(JSON.parse(readFileSync(run.runFile, 'utf8')) as RunFile));
  const Payload = JSON.stringify({ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} });
  const { FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: 'Switchroom-calls', Payload }),
  );
  expect(FunctionError).toBeUndefined();
  lambda.destroy();
}

beforeAll(async () => {
  startedAt = Date.now();
  run = new SwitchroomProcess([
    ...['--min-free', '1', '--max', '1', '--gateway-kind', 'node', '--after-call', 'reuse'],
    ...['--edge', 'METRICS_INTERVAL_SEC=1', '--secret', secret],
  ]);
  logDir = String((await run.ready()).logDir);
  await sweep();

  const inProgress = call('1234', '--duration', '6');
  await run.event('call.answered');
  await until('the gateway is busy', async () => {
    await sweep();
    lines = readLines();
    return counts().some(isBusy);
  });
  expect(await call('full')).toBe(1);
  expect(await call('1234', '--domain', 'elsewhere.test')).toBe(1);
  expect(await inProgress).toBe(0);
  await until('both calls are counted', () => {
    lines = readLines();
    // The length of a call is in the line after that which counts it.
    const isMeasured = valuesOf('Calls').length >= 2 && valuesOf('CallLength').length > 0;
    return isMeasured && valuesOf('RefusedInvites').some(({ value }) => value === 1);
  });
  await reportMedia(run.runFile, secret);
  await until('how its media went is measured', () => {
    lines = readLines();
    return valuesOf('PacketLoss').length > 0;
  });
});

afterAll(() => run?.dispose());

describe('the metrics of a run', () => {
  it('count a call that was answered and one for which there was no gateway', () => {
    expect(
      valuesOf('Calls')
        .map(({ outcome }) => outcome)
        .sort(),
    ).toEqual(['answered', 'pool-exhausted']);
    for (const { callId, at } of valuesOf('Calls')) {
      expect(callId).toMatch(/./);
      expect(at).toBeGreaterThanOrEqual(startedAt);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  it('tell how long it took, waited and lasted', () => {
    const [setup] = valuesOf('SetupTime');
    const [wait] = valuesOf('WaitTime');
    expect(setup?.value).toBeLessThan(Date.now() - startedAt);
    expect(wait?.value).toBeLessThanOrEqual(setup?.value ?? 0);
    const [length] = valuesOf('CallLength');
    expect(length?.value).toBeGreaterThan(5);
    expect(length?.value).toBeLessThan((Date.now() - startedAt) / 1000);
  });

  it('count the pool: free before the call, busy in it', () => {
    expect(counts()[0]).toMatchObject({ RegisteredGateways: 1, FreeGateways: 1 });
    expect(counts().find(isBusy)).toMatchObject({ RegisteredGateways: 1, FreeGateways: 0 });
  });

  it('are those of the contract, with its units, and none of them is never told', () => {
    const told = new Set(values().map(({ name }) => name));
    // Nobody raced for the one gateway, it started, and no fact came again.
    const untold = ['AllocationConflicts', 'FailedStarts', 'FailedFacts'];
    const expected = Object.keys(metrics).filter((name) => !untold.includes(name));
    expect(told).toEqual(new Set(expected));
  });

  it('are not confused by anything else in the logs', () => {
    expect(lines.functions.some(({ level }) => level === 'WARN' || level === 'ERROR')).toBe(false);
  });
});

describe.each(Object.values(savedQueries))('the saved query $name', (query) => {
  const logged = () => (query.of === 'all' ? [...lines.edge, ...lines.functions] : lines.edge);
  const text = queryLines(query).join(' | ');

  it('asks for fields that the log lines have', () => {
    const words = new Set(
      text
        .replaceAll(/'[^']*'/g, '')
        .replaceAll(/ as \w+/g, '')
        .match(/[@\w.]+/g),
    );
    const aliases = [...text.matchAll(/ as (\w+)/g)].map(([, alias]) => alias);
    const language = [
      ...['fields', 'filter', 'stats', 'sort', 'limit', 'by', 'asc', 'desc', 'and', 'or', 'not'],
      ...['count', 'count_distinct', 'ispresent', 'coalesce'],
    ];
    const known = new Set(logged().flatMap((line) => Object.keys(line)));
    const unknown = [...words].filter(
      (word) =>
        !word.startsWith('@') &&
        !/^\d+$/.test(word) &&
        !language.includes(word) &&
        !aliases.includes(word) &&
        !known.has(word.split('.')[0] as string),
    );
    expect(unknown).toEqual([]);
  });

  it('looks for words that the edge writes', () => {
    const edge = readdirSync(sipEdge, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(sipEdge, file), 'utf8'))
      .join('\n');
    const literals = [...text.matchAll(/'([^']*)'/g)].map(([, literal]) => literal as string);
    expect(literals.filter((one) => one !== 'CALL-ID' && !edge.includes(one))).toEqual([]);
  });
});

describe('one call by its Call-ID', () => {
  it('is found in the log of the edge and of each function that had to do with it', () => {
    const answered = valuesOf('Calls').find(({ outcome }) => outcome === 'answered');
    const about = (of: Line[]) =>
      of.filter(({ callId, ...line }) => callId === answered?.callId && !isEmf(line));
    expect(about(lines.edge)).toContainEqual(
      expect.objectContaining({ msg: 'call over', outcome: 'answered', setupMs: expect.any(Number) }),
    );
    const services = new Set(about(lines.functions).map(({ service }) => service));
    expect(services).toEqual(new Set(['allocate', 'calls']));
  });
});
