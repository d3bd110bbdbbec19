import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a test's AWS does with a request. */
export interface AwsBehaviour {
  /** Lambda Invoke. @returns the function's answer; what it throws becomes a FunctionError */
  invoke?: (functionName: string, command: unknown) => unknown;
  /** Secrets Manager GetSecretValue: the SecretString. */
  secret?: () => string;
  /** EventBridge PutEvents. @returns the answer's body, or undefined to take all */
  putEvents?: (entries: PutEventsEntry[]) => object | undefined;
  /** Before all others: takes the request, e.g. to break the connection or to be silent. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface PutEventsEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
  TraceHeader?: string;
}

const invokePath = /^\/2015-03-31\/functions\/([^/]+)\/invocations/;

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The AWS wire for the edge's three services, with the SDK unmodified before it: `AWS_ENDPOINT_URL`. */
export async function startAws(behaviour: AwsBehaviour) {
  const requests: { target: string; body: unknown }[] = [];
  /** The `X-Amzn-Trace-Id` of each request. */
  const traceHeaders: (string | undefined)[] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await read(request)) || '{}');
    const [, functionName] = invokePath.exec(request.url ?? '') ?? [];
    const target = functionName ? decodeURIComponent(functionName) : String(request.headers['x-amz-target']);
    requests.push({ target, body });
    traceHeaders.push(request.headers['x-amzn-trace-id'] as string | undefined);
    if (behaviour.intercept?.(request, response)) return;
    const reply = (value: unknown, headers = {}) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', ...headers });
      response.end(JSON.stringify(value));
    };
    if (functionName) {
      try {
        reply(await behaviour.invoke?.(target, body));
      } catch (error) {
        reply({ errorType: 'Error', errorMessage: String(error) }, { 'x-amz-function-error': 'Unhandled' });
      }
    } else if (target === 'secretsmanager.GetSecretValue') {
      reply({ ARN: 'arn', Name: 'sip', SecretString: behaviour.secret?.() ?? '{}' });
    } else if (target === 'AWSEvents.PutEvents') {
      const entries = body.Entries as PutEventsEntry[];
      const taken = { FailedEntryCount: 0, Entries: entries.map((_entry, at) => ({ EventId: `${at}` })) };
      reply(behaviour.putEvents?.(entries) ?? taken);
    } else {
      response.writeHead(400).end(JSON.stringify({ __type: 'UnknownOperationException' }));
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    requests,
    traceHeaders,
    /** Of an SDK client. */
    config: { endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } },
    /** Of a process. */
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type TestAws = Awaited<ReturnType<typeof startAws>>;

/** AWS until the end of the test that asks for it. */
export async function openAws(behaviour: AwsBehaviour): Promise<TestAws> {
  const aws = await startAws(behaviour);
  onTestFinished(() => aws.stop());
  return aws;
}
