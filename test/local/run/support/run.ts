import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { signedHeaders } from '../../../../command-line/sigv4.ts';
import type { Credentials } from '../../../../local/aws/iam/signatures.ts';
import { type RunEvent, SwitchroomProcess } from '../../../support/process/switchroom-process.ts';
import { until } from '../../../support/until.ts';

/** `npm start`, which ends with the test at the latest. */
export function start(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): SwitchroomProcess {
  const run = new SwitchroomProcess(args, environment);
  onTestFinished(() => run.dispose());
  return run;
}

/** @returns a directory that goes with the test */
export function newDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `switchroom-${name}-`));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const portOf = (text: unknown) => Number(String(text).split(':').at(-1));

export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const open = await new Promise<boolean>((done) => {
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
  socket.destroy();
  return open;
}

/** What a run must not leave behind: processes, open ports, files. */
export async function expectNothingLeft(run: SwitchroomProcess, ready?: RunEvent): Promise<void> {
  await until('no process is left', () => run.processes().length === 0);
  for (const address of ready ? [ready.sip, ready.awsEndpoint, ready.dynamoDbEndpoint] : []) {
    expect(await answers(portOf(address)), String(address)).toBe(false);
  }
  expect(readdirSync(run.tmp)).toEqual([]);
}

/** Asks the run's AWS by the run's credentials. */
async function ask(run: SwitchroomProcess, target: string, request: object): Promise<Response> {
  const { awsEndpoint, credentials } = await run.ready();
  const body = JSON.stringify(request);
  const signer = { service: 'any', region: 'us-east-1', credentials: credentials as Credentials };
  const named = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' };
  const url = new URL(String(awsEndpoint));
  const headers = await signedHeaders(signer, 'POST', url, body, named);
  return fetch(url, { method: 'POST', headers, body });
}

export const dynamoDb = (run: SwitchroomProcess, operation: string, request: object) =>
  ask(run, `DynamoDB_20120810.${operation}`, request);

export async function secretOf(run: SwitchroomProcess): Promise<string> {
  const { outputs } = await run.ready();
  const SecretId = (outputs as Record<string, string>).SipSecretName;
  const answer = await ask(run, 'secretsmanager.GetSecretValue', { SecretId });
  const { SecretString } = (await answer.json()) as { SecretString: string };
  return JSON.parse(SecretString).current;
}
