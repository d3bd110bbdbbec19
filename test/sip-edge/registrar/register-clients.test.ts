import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newTag } from '../../../sip/message/build.ts';
import { hasTool } from '../../support/process/tools.ts';
import { until } from '../../support/until.ts';
import { domain } from '../support/environment.ts';
import { RegistrarSuite } from './support.ts';

/* Clients that none of us wrote. */

const suite = new RegistrarSuite();
const running: ChildProcess[] = [];
const directories: string[] = [];
const secret = 'secret';

beforeEach(async () => {
  await suite.start({}, { 'room-42': 'of-the-room' });
  suite.edge.secret.secrets = [secret];
});

afterEach(async () => {
  for (const child of running.splice(0)) await end(child, 'SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  await exited;
}

function run(command: string, args: string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  child.stderr.on('data', (bytes) => {
    output += bytes;
  });
  return { child, output: () => output };
}

/** baresip with the account line of the original's entrypoint, its server named as outbound proxy. */
function startBaresip(username: string, password: string, transport: 'udp' | 'tcp', command?: string) {
  const directory = mkdtempSync(join(tmpdir(), 'baresip-'));
  directories.push(directory);
  const modules = ['module g711.so', 'module aubridge.so', 'module_app account.so', 'module_app menu.so'];
  const audio = ['audio_player aubridge,a', 'audio_source aubridge,a', 'audio_alert aubridge,b'];
  const lines = ['sip_listen 127.0.0.1:0', 'module_path /usr/lib/baresip/modules', ...modules, ...audio];
  writeFileSync(join(directory, 'config'), `${lines.join('\n')}\n`);
  const outbound = `sip:${suite.server.sip.host}:${suite.server.sip.port};transport=${transport}`;
  const account =
    `<sip:${username}@${domain};transport=${transport}>;regint=60;` +
    `auth_user=${username};auth_pass=${password};outbound="${outbound}"\n`;
  writeFileSync(join(directory, 'accounts'), account);
  return run('baresip', ['-f', directory, ...(command === undefined ? [] : ['-e', command])]);
}

const registrations = (username: string) =>
  suite.controlPlane.commands.filter((command) => command.username === username);

describe.skipIf(!hasTool('baresip')).each(['udp', 'tcp'] as const)('baresip over %s', (transport) => {
  it('registers for 60 s, and un-registers as it is stopped', async () => {
    const username = `10.0.0.7.mediagw.${newTag()}`;
    const { child } = startBaresip(username, secret, transport);
    await until('its registration', () => suite.edge.factsOf('gateway.registered').length > 0);
    expect(suite.edge.factsOf('gateway.registered')[0]).toMatchObject({
      username,
      received: { address: '127.0.0.1', protocol: transport },
    });
    expect(registrations(username)[0]).toMatchObject({
      command: 'registerGateway',
      contacts: [{ expiresSec: 60, uri: expect.stringContaining(username) }],
    });
    await end(child, 'SIGTERM');
    await until('its farewell', () => suite.edge.factsOf('gateway.unregistered').length > 0);
    expect(suite.edge.factsOf('gateway.unregistered')[0]).toMatchObject({ username });
  });

  it('with a wrong password is refused, and says so', async () => {
    const username = `10.0.0.7.mediagw.${newTag()}`;
    const { output } = startBaresip(username, 'guess', transport);
    await until('its complaint', () => output().includes('403'));
    expect(registrations(username)).toEqual([]);
    expect(suite.edge.log.lines).toContainEqual(
      expect.objectContaining({ outcome: 'wrong-password', status: 403 }),
    );
  });

  it('of a room registers as an endpoint, which is no gateway, and calls', async () => {
    const { output } = startBaresip('room-42', 'of-the-room', transport, `/dial sip:1234@${domain}`);
    await until('its call', () => suite.edge.invited.length > 0);
    await until('its registration', () => output().includes('200 OK'));
    expect(suite.controlPlane.commands).toEqual([]);
    expect(suite.edge.facts).toEqual([]);
  });

  it('of a room with a wrong password, or with that of the gateways, does neither', async () => {
    for (const password of ['guess', secret]) {
      const { output } = startBaresip('room-42', password, transport, `/dial sip:1234@${domain}`);
      await until('its complaint', () => (output().match(/403/g)?.length ?? 0) >= 2);
    }
    expect(suite.edge.invited).toEqual([]);
  });
});

describe.skipIf(!hasTool('sipsak'))('sipsak', () => {
  const sipsak = async (args: string[]) => {
    const { child, output } = run('sipsak', [
      '-p',
      `${suite.server.sip.host}:${suite.server.sip.port}`,
      ...args,
    ]);
    const code = await new Promise((done) => child.once('close', done));
    return { code, output: output() };
  };

  it('registers and is registered', async () => {
    const username = `10.0.0.8.mediagw.${newTag()}`;
    const contact = `sip:${username}@127.0.0.1:5999`;
    const aor = `sip:${username}@${domain}`;
    const shown = ['-u', username, '-a', secret];
    const { code, output } = await sipsak(['-U', '-C', contact, '-x', '120', ...shown, '-s', aor, '-vv']);
    expect(code, output).toBe(0);
    expect(registrations(username)[0]).toMatchObject({ contacts: [{ uri: contact, expiresSec: 120 }] });
  });

  it('pings the edge by OPTIONS', async () => {
    const { code, output } = await sipsak(['-s', `sip:${domain}`, '-vv']);
    expect(code, output).toBe(0);
    expect(output).toContain('200 OK');
  });
});
