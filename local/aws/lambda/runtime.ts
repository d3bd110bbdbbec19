import { openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { type ShortWay, takeShortWay } from './short-way.ts';

/*
 * What runs inside an execution environment, in the place of AWS's Node runtime: loads the bundle once, then answers
 * one invocation after the other.
 */

/** Given to the worker at its start. */
export interface EnvironmentData {
  /** The bundle's file, and the name of what it exports. */
  bundleFile: string;
  exportName: string;
  functionName: string;
  functionArn: string;
  memoryMb: number;
  /** File that takes what the function prints. */
  logFile: string;
  shortWay: ShortWay;
}

export interface Invocation {
  requestId: string;
  /** JSON text; empty where the caller sent none. */
  payload: string;
  /** When the invocation is cut off, epoch ms. */
  deadlineAt: number;
}

/** A thrown error as Lambda gives it to the caller. */
export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export type FromEnvironment =
  | { kind: 'ready' }
  | { kind: 'init-failed'; failure: FunctionFailure }
  | { kind: 'answer'; payload: string }
  | { kind: 'failed'; failure: FunctionFailure }
  | { kind: 'not-json'; message: string };

type Handler = (event: unknown, context: object) => unknown;

function failureOf(error: unknown): FunctionFailure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

const data = workerData as EnvironmentData;
const port = parentPort;
if (!port) throw new Error('the Lambda runtime runs in a worker thread only');
const send = (message: FromEnvironment) => port.postMessage(message);

// Straight into the file: through the streams of a worker each line would cost the main thread a message.
const log = openSync(data.logFile, 'a');
const write = (chunk: string | Uint8Array) => {
  try {
    writeSync(log, chunk as string);
  } catch {
    // The disk is full: a line is lost, and not the call that it tells of.
  }
  return true;
};
process.stdout.write = write as typeof process.stdout.write;
process.stderr.write = write as typeof process.stderr.write;

takeShortWay(data.shortWay);
let handler: Handler | undefined;
try {
  const bundle = (await import(pathToFileURL(data.bundleFile).href)) as Record<string, unknown>;
  const exported = bundle[data.exportName];
  if (typeof exported !== 'function') throw new Error(`${data.bundleFile} exports no ${data.exportName}`);
  handler = exported as Handler;
  send({ kind: 'ready' });
} catch (error) {
  write(`INIT ${String(error instanceof Error ? error.stack : error)}\n`);
  send({ kind: 'init-failed', failure: failureOf(error) });
}

/** The context object of the Node runtime (Lambda developer guide, "nodejs-context"). */
const contextOf = ({ requestId, deadlineAt }: Invocation) => ({
  functionName: data.functionName,
  functionVersion: '$LATEST',
  invokedFunctionArn: data.functionArn,
  memoryLimitInMB: String(data.memoryMb),
  awsRequestId: requestId,
  logGroupName: `/aws/lambda/${data.functionName}`,
  logStreamName: 'local',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => Math.max(0, deadlineAt - Date.now()),
});

async function serve(invocation: Invocation): Promise<FromEnvironment> {
  let event: unknown;
  try {
    event = invocation.payload === '' ? {} : JSON.parse(invocation.payload);
  } catch (error) {
    return {
      kind: 'not-json',
      message: `Could not parse request body into json: ${(error as Error).message}`,
    };
  }
  try {
    const answer = await (handler as Handler)(event, contextOf(invocation));
    return { kind: 'answer', payload: answer === undefined ? 'null' : JSON.stringify(answer) };
  } catch (error) {
    write(`${invocation.requestId} ERROR ${String(error instanceof Error ? error.stack : error)}\n`);
    return { kind: 'failed', failure: failureOf(error) };
  }
}

port.on('message', (invocation: Invocation) => {
  void serve(invocation).then(send);
});
