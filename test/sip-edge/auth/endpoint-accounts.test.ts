import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EndpointSecret } from '../../../sip-edge/auth/endpoint-accounts.ts';
import { openAws } from '../support/aws.ts';
import { recordingLog } from '../support/log.ts';

async function load(secret: () => string) {
  const aws = await openAws({ secret });
  const client = new SecretsManagerClient({ ...aws.config, maxAttempts: 1 });
  const clock = { time: 0, now: () => clock.time };
  const log = recordingLog();
  const options = { client, secretId: 'rooms', refreshSec: 3600, mismatchRefreshSec: 10, clock, log };
  onTestFinished(() => client.destroy());
  const accounts = await EndpointSecret.load(options, 'mediagw');
  onTestFinished(() => accounts.close());
  return { accounts, clock, log };
}

describe('the accounts of endpoints', () => {
  it('are read again after a wrong password, and stay where the secret is no table of them', async () => {
    let text = '{"room-1":"a","__proto__":"b"}';
    const { accounts, clock, log } = await load(() => text);
    expect(['room-1', '__proto__', 'constructor'].map((name) => accounts.passwordOf(name))).toEqual([
      'a',
      undefined,
      undefined,
    ]);
    text = '{"room-1":"c"}';
    clock.time += 10_000;
    expect(await accounts.refreshAfterMismatch()).toBe(true);
    expect(accounts.passwordOf('room-1')).toBe('c');
    text = '{"room-1":7}';
    clock.time += 10_000;
    expect(await accounts.refreshAfterMismatch()).toBe(false);
    expect(accounts.passwordOf('room-1')).toBe('c');
    expect(log.lines).toContainEqual(expect.objectContaining({ event: 'secret-unreadable' }));
  });

  it.each(['', '[]', '{"a b":"c"}', '{"a":""}', '{"10.0.0.7.mediagw.1":"secret"}'])(
    'are none in %s',
    async (text) => {
      const error: Error = await load(() => text).then(
        () => new Error('loaded'),
        (reason) => reason,
      );
      expect(error.message).toMatch(/^secret rooms(?!.*(c"|secret"))/);
    },
  );
});
