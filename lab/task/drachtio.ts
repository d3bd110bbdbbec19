import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { startSipServer } from '../../local/sip-server/server.ts';

/* Our SIP server behind the part of drachtio's command line that the edge's start script uses. It knows no TLS. */

const { values } = parseArgs({
  options: {
    file: { type: 'string', short: 'f' },
    contact: { type: 'string', multiple: true },
    'external-ip': { type: 'string', multiple: true },
    'local-net': { type: 'string', multiple: true },
    'dns-name': { type: 'string', multiple: true },
  },
});
const written = readFileSync(values.file ?? '', 'utf8');
const [, adminPort = '', secret = '', admin = ''] =
  /<admin port="(\d+)" secret="([^"]+)">([^<]+)<\/admin>/.exec(written) ?? [];
const [, port = ''] = /^sip:0\.0\.0\.0:(\d+);transport=udp,tcp$/.exec(values.contact?.[0] ?? '') ?? [];
const [externalIp] = values['external-ip'] ?? [];
// As drachtio does: not the link-local one.
const address = Object.values(networkInterfaces())
  .flat()
  .find(
    (one) => one && !one.internal && one.family === 'IPv4' && !one.address.startsWith('169.254.'),
  )?.address;
if (!secret || !port || address === undefined) throw new Error(`not understood: ${process.argv.join(' ')}`);

process.on('SIGTERM', () => process.exit(0));
await startSipServer({
  admin: { address: admin, port: Number(adminPort) },
  sip: { address, port: Number(port) },
  secret,
  log: pino({ name: 'sip-server' }),
  ...(externalIp !== undefined && { externalIp }),
});
