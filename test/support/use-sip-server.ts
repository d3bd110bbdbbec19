import { afterAll, beforeAll } from 'vitest';
import { type SipServer, startSipServer } from './sip-server.ts';

/** The SIP server of a file's tests: it is there from before the first of them until after the last. */
export function useSipServer(): SipServer {
  const server = {} as SipServer;
  beforeAll(async () => {
    Object.assign(server, await startSipServer());
  });
  afterAll(() => server.stop?.());
  return server;
}
