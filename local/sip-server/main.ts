import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { parseHostPort } from '../../sip/host-port.ts';
import { startSipServer } from './server.ts';

const usage = `node local/sip-server/main.ts [--admin 127.0.0.1:9022] [--sip 127.0.0.1:5060] [--external-ip ADDRESS]
  [--secret SECRET, default: the environment's DRACHTIO_SECRET] [--log-level info]`;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function addressOf(option: string, text: string): { address: string; port: number } {
  // Port 0 asks for any free one, which parseHostPort rightly takes for no port.
  const anyPort = text.endsWith(':0');
  const parsed = parseHostPort(anyPort ? text.slice(0, -2) : text);
  const port = anyPort ? 0 : parsed?.port;
  if (!parsed || port === undefined || isIP(parsed.host) === 0) {
    fail(`${option} ${text}: expected an IP address and a port, e.g. 127.0.0.1:5060`);
  }
  return { address: parsed.host, port };
}

function options() {
  try {
    return parseArgs({
      options: {
        admin: { type: 'string', default: '127.0.0.1:9022' },
        sip: { type: 'string', default: '127.0.0.1:5060' },
        'external-ip': { type: 'string' },
        secret: { type: 'string' },
        'log-level': { type: 'string', default: 'info' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(`${(error as Error).message}\n${usage}`);
  }
}

const given = options();
if (given.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const secret = given.secret ?? process.env.DRACHTIO_SECRET;
if (!secret) fail('no secret: give --secret or set DRACHTIO_SECRET');
const externalIp = given['external-ip'];
if (externalIp !== undefined && isIP(externalIp) === 0)
  fail(`--external-ip ${externalIp}: not an IP address`);

// There is nothing to put away: dialogs live in memory only, and a peer's BYE finds nobody, as with drachtio.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));

try {
  const server = await startSipServer({
    admin: addressOf('--admin', given.admin),
    sip: addressOf('--sip', given.sip),
    secret,
    log: pino({ name: 'sip-server', level: given['log-level'] }, pino.destination({ dest: 2, sync: false })),
    ...(externalIp === undefined ? {} : { externalIp }),
  });
  const show = ({ address, port }: { address: string; port: number }) => `${address}:${port}`;
  const line = { event: 'listening', admin: show(server.admin), sip: show(server.sip) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
} catch (error) {
  const { code, syscall, address, port, message } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  const where = address === undefined ? '' : ` ${address}:${port}`;
  if (code === 'EADDRINUSE') fail(`address${where} is taken: choose another with --sip or --admin`);
  fail(syscall ? `cannot listen on${where}: ${message}` : message);
}
