import { createServer, type Server } from 'node:http';

export interface EcsWire {
  endpoint: string;
  requests: unknown[];
  /** The next request gets this error. */
  fail(type: string, message: string): void;
  stop(): Promise<void>;
}

/** ECS cannot run here: this speaks its wire (json 1.1) for StopTask. */
export async function startEcsWire(): Promise<EcsWire> {
  const requests: unknown[] = [];
  let failure: { __type: string; message: string } | undefined;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const failed = failure;
      failure = undefined;
      if (!failed) requests.push(JSON.parse(body));
      response.writeHead(failed ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(failed ?? { task: {} }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    fail(type, message) {
      failure = { __type: type, message };
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
