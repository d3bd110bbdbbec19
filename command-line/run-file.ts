import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { CommandError } from './command-error.ts';

/* How commands find a run on this machine: `npm start` writes the file, the commands read it. */

const addressSchema = z.object({ host: z.string(), port: z.number().int() });

export const runFileSchema = z.object({
  /** The process to signal. */
  pid: z.number().int(),
  /** Of the first edge. */
  sip: addressSchema,
  /** One a zone. */
  edges: z.array(z.object({ edgeId: z.string(), sip: addressSchema })),
  domain: z.string(),
  /** `AWS_ENDPOINT_URL`, and where the table engine listens. */
  awsEndpoint: z.string(),
  dynamoDbEndpoint: z.string(),
  /** Of the person at this machine, for the run's AWS. */
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  region: z.string(),
  /** Outputs of the stack: ApiAddress, TableName, BusName, … */
  outputs: z.record(z.string(), z.string()),
  /** A token for the API, with all its rights: the file is for its owner alone. */
  apiToken: z.string(),
  logDir: z.string(),
});
export type RunFile = z.infer<typeof runFileSchema>;

/** Where a checkout keeps what its runs leave. */
export const stateDir = resolve(import.meta.dirname, '../.switchroom');

export const defaultRunFile = resolve(stateDir, 'run.json');

/** @returns whether a process with this id is there */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @returns the value, or undefined for what was cut short: a run that was killed is no run */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns the run that this file tells of, or undefined where it is gone. @throws CommandError where it cannot be read */
export function readRunFile(file: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`the run file cannot be read: ${(error as Error).message}`);
  }
  const parsed = runFileSchema.safeParse(jsonOf(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

/** @returns configuration for an SDK client of this run's AWS */
export function clientConfigOf(run: RunFile) {
  return {
    endpoint: run.awsEndpoint,
    region: run.region,
    credentials: run.credentials,
  };
}

/**
 * Finds what a command asks for in the outputs of a run's stack.
 * @param given the run's file; the usual one where there is none
 * @param output e.g. `DeadLetterQueue`
 * @returns the output's value, the configuration of SDK clients for that run, and where its logs are
 * @throws CommandError where no run is on
 */
export function outputOfRun(given: string | undefined, output: string) {
  const file = given ?? defaultRunFile;
  const run = readRunFile(file);
  const value = run?.outputs[output];
  if (!run || !value) {
    throw new CommandError(
      `no run on this machine (${file}): start one with npm start, or name a deployed --stack`,
    );
  }
  return { value, config: clientConfigOf(run), logDir: run.logDir };
}
