import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface BusWire {
  endpoint: string;
  /** What was put on the bus: its `Detail`, parsed. */
  told: Record<string, unknown>[];
  stop(): Promise<void>;
}

/** EventBridge on the wire, as far as PutEvents: it takes everything. */
export async function startBusWire(): Promise<BusWire> {
  const told: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    const { Entries } = (await json(request)) as { Entries: { Detail: string }[] };
    told.push(...Entries.map(({ Detail }) => JSON.parse(Detail)));
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: 'id' })) }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
