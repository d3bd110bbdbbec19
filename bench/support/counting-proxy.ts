import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes AWS requests on and counts them by what AWS bills: `Invoke allocate`, `TransactWriteItems (2 items)` … */
export interface CountingProxy {
  url: string;
  counts: Record<string, number>;
  close(): void;
}

export async function startCountingProxy(target: () => string): Promise<CountingProxy> {
  const counts: Record<string, number> = {};
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const name = nameOf(incoming.url ?? '', String(incoming.headers['x-amz-target'] ?? ''), body);
      counts[name] = (counts[name] ?? 0) + 1;
      const { method, headers, url: path } = incoming;
      const onward = request(target(), { method, headers, path }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function nameOf(path: string, target: string, body: Buffer): string {
  const invoked = /\/functions\/([^/]+)\/invocations/.exec(path)?.[1];
  if (invoked !== undefined) return `Invoke ${decodeURIComponent(invoked).replace(/^.*[:-]/, '')}`;
  const operation = target.replace(/^.*\./, '');
  if (operation === 'TransactWriteItems') {
    const { TransactItems } = JSON.parse(body.toString()) as { TransactItems: unknown[] };
    return `${operation} (${TransactItems.length} items)`;
  }
  return operation;
}
