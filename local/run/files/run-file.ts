import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { RunError } from '../options.ts';
import { stateDir } from '../synthesize.ts';
import { isAlive } from './lock.ts';

/** How other commands find a run on this machine. */
export const runFileSchema = z.object({
  /** The process to signal. */
  pid: z.number().int(),
  sip: z.object({ host: z.string(), port: z.number().int() }),
  domain: z.string(),
  /** `AWS_ENDPOINT_URL`, and where the table engine listens. */
  awsEndpoint: z.string(),
  dynamoDbEndpoint: z.string(),
  region: z.string(),
  /** Outputs of the stack: InspectFunction, TableName, BusName, … */
  outputs: z.record(z.string(), z.string()),
  logDir: z.string(),
});
export type RunFile = z.infer<typeof runFileSchema>;

export const defaultRunFile = join(stateDir, 'run.json');

/** @returns the run that this file tells of, or undefined where it is gone */
export function readRunFile(file: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = runFileSchema.safeParse(JSON.parse(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

/** @returns configuration for an SDK client of this run's AWS */
export function clientConfigOf(run: RunFile) {
  return {
    endpoint: run.awsEndpoint,
    region: run.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
}

/**
 * Finds what a command asks for in the outputs of a run's stack.
 * @param given the run's file; the usual one where there is none
 * @param output e.g. `InspectFunction`
 * @returns the output's value, and the configuration of SDK clients for that run
 * @throws RunError where no run is on
 */
export function outputOfRun(given: string | undefined, output: string) {
  const file = given ?? defaultRunFile;
  const run = readRunFile(file);
  const value = run?.outputs[output];
  if (!run || !value) {
    throw new RunError(
      `no run on this machine (${file}): start one with npm start, or name a deployed --stack`,
    );
  }
  return { value, config: clientConfigOf(run) };
}

/** @throws RunError where another run uses the file */
export function claimRunFile(file: string): void {
  const other = readRunFile(file);
  if (other && other.pid !== process.pid) {
    throw new RunError(
      `another run (process ${other.pid}) is on: stop it, or give this one its own --run-file FILE`,
    );
  }
}

export function writeRunFile(file: string, run: RunFile): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(run, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export function removeRunFile(file: string): void {
  rmSync(file, { force: true });
}
