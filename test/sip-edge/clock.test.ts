import { afterEach, expect, it } from 'vitest';
import type { RegisterCommand } from '../../contracts/commands.ts';
import { SipPeer } from '../support/sip-peer/peer.ts';
import { until } from '../support/until.ts';
import { gatewayAt, password } from './support/edge.ts';
import { EdgeProcesses } from './support/process.ts';

/* The system's clock is set by an hour, and the edge goes on as before. */

const hourMs = 3_600_000;
let renewals = 0;
const clients: SipPeer[] = [];
const edges = new EdgeProcesses(() => ({
  secret: () => JSON.stringify({ current: password }),
  invoke: (name, command) => {
    if ((command as { command: string }).command === 'renewEdge') renewals += 1;
    if (name !== 'register') return { calls: [], hangups: [] };
    const contacts = (command as RegisterCommand & { contacts: string[] }).contacts;
    return { result: 'bindings', contacts, fresh: true };
  },
  putEvents: () => undefined,
}));
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

async function registers(): Promise<number> {
  const client = await SipPeer.connect('udp', edges.server.sip);
  clients.push(client);
  return (await gatewayAt(client).register()).status;
}

it.each([
  ['back', [-hourMs]],
  ['forward', [hourMs]],
  ['forward and back again', [hourMs, 0]],
])('set %s', async (_how, offsets) => {
  const preload = new URL('./support/settable-clock.ts', import.meta.url);
  const edge = edges.start({
    NODE_OPTIONS: `--import=${preload}`,
    CLOCK_OFFSETS: offsets.join(','),
    HEARTBEAT_SEC: '1',
    HANGUP_POLL_MS: '500',
  });
  await edge.event('edge-ready');
  expect(await registers()).toBe(200);
  for (const offset of offsets) {
    edge.kill('SIGUSR2');
    await until('the clock is set', () => edge.lines.some((line) => line.offset === offset));
    expect(await registers()).toBe(200);
  }
  const before = renewals;
  await until('the lease is renewed', () => renewals > before + 1);
});
