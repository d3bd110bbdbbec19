import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
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

const sdkHeaders = (target: string) => ({
  'x-amz-target': target,
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0',
});

export const dynamoDb = (endpoint: string, operation: string, request: object) =>
  fetch(endpoint, {
    method: 'POST',
    headers: sdkHeaders(`DynamoDB_20120810.${operation}`),
    body: JSON.stringify(request),
  });

export async function secretOf(run: SwitchroomProcess): Promise<string> {
  const { awsEndpoint, outputs } = await run.ready();
  const answer = await fetch(String(awsEndpoint), {
    method: 'POST',
    headers: sdkHeaders('secretsmanager.GetSecretValue'),
    body: JSON.stringify({ SecretId: (outputs as Record<string, string>).SipSecretName }),
  });
  const { SecretString } = (await answer.json()) as { SecretString: string };
  return JSON.parse(SecretString).current;
}
