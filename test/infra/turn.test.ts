import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { turnCredentials } from '../../infra/gateways/sip-media-gateway.ts';
import { coturnArguments } from '../../infra/gateways/turn-servers.ts';
import { freePort } from '../../local/run/ports.ts';
import { Child } from '../support/process/child.ts';
import { hasTool } from '../support/process/tools.ts';

/* coturn with the arguments of the stack, and its own client with what a gateway's task makes of the secret. */

const secret = 'secretOfTheStack';

function credentials(): [user: string, password: string] {
  const script = [...turnCredentials, `printf '%s %s' "$TURN_USER" "$TURN_PASS"`].join('\n');
  const env = { ...process.env, TURN_SECRET: secret, SIP_NAME_PREFIX: '0123456789abcdef0123456789abcdef' };
  const { stdout } = spawnSync('bash', ['-euc', script], { env, encoding: 'utf8' });
  return stdout.split(' ') as [string, string];
}

describe.skipIf(!hasTool('turnserver'))('coturn', () => {
  async function start(without: RegExp): Promise<number> {
    const port = await freePort();
    const args = coturnArguments('127.0.0.1', '127.0.0.1', 'sip.example.org', secret)
      .map((one) => one.replace(/^--listening-port=.*/, `--listening-port=${port}`))
      .filter((one) => !without.test(one));
    const server = new Child('turnserver', [...args, '--allow-loopback-peers', '--cli-password=unused'], {
      env: { PATH: process.env.PATH ?? '' },
    });
    onTestFinished(() => server.dispose());
    await server.says(/Total General servers/);
    return port;
  }
  const ask = (port: number, user: string, password: string, peer = ['-y']) => {
    const args = [...peer, '-n', '1', '-m', '1', '-u', user, '-w', password, '-p', String(port), '127.0.0.1'];
    const { stdout, stderr } = spawnSync('turnutils_uclient', args, { encoding: 'utf8', timeout: 60_000 });
    return `${stdout}${stderr}`;
  };

  it('relays for a gateway that knows the secret, and for nobody else', async () => {
    const port = await start(/denied-peer-ip=127/);
    const [user, password] = credentials();
    expect(ask(port, user, password)).toContain('Total lost packets 0');
    expect(ask(port, user, 'guess')).toContain('Cannot complete Allocation');
    expect(ask(port, user.replace(/^\d+/, '1'), password)).toContain('Cannot complete Allocation');
  });

  it('relays to no address of a private network', async () => {
    const port = await start(/^$/);
    const [user, password] = credentials();
    for (const peer of ['10.1.2.3', '169.254.169.254', '192.168.1.1']) {
      expect(ask(port, user, password, ['-e', peer])).toMatch(/403|Forbidden IP/);
    }
  });
});
