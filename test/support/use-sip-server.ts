import { afterAll, beforeAll } from 'vitest';
import { type SipServer, type SipServerOptions, startSipServer } from './sip-server.ts';

/** The SIP server of a file's tests: it is there from before the first of them until after the last. */
export function useSipServer(options: SipServerOptions = {}): SipServer {
  const server = {} as SipServer;
  beforeAll(async () => {
    Object.assign(server, await startSipServer(options));
  });
  afterAll(() => server.stop?.());
  return server;
}
