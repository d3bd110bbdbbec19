import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SipSecret } from '../../../sip-edge/auth/sip-secret.ts';
import { eventually } from '../../support/eventually.ts';
import { openAws, type TestAws } from '../support/aws.ts';
import { recordingLog } from '../support/log.ts';

/* The edge's adapter, with the SDK unmodified, before an HTTP server that speaks the AWS wire. */

let aws: TestAws;
describe('the SIP secret', () => {
  async function load(secret: () => string, refreshSec = 3600) {
    aws = await openAws({ secret });
    const client = new SecretsManagerClient({ ...aws.config, maxAttempts: 1 });
    const clock = { time: 0, now: () => clock.time };
    const log = recordingLog();
    const options = { client, secretId: 'sip', refreshSec, mismatchRefreshSec: 10, clock, log };
    const sip = await SipSecret.load(options);
    onTestFinished(() => {
      sip.close();
      client.destroy();
    });
    return { sip, clock, log };
  }

  it('holds one password, or two during a rotation', async () => {
    let value = { current: 'a' } as object;
    const { sip, clock } = await load(() => JSON.stringify(value));
    expect(sip.secrets).toEqual(['a']);
    value = { current: 'b', previous: 'a' };
    clock.time += 10_000;
    expect(await sip.refreshAfterMismatch()).toBe(true);
    expect(sip.secrets).toEqual(['b', 'a']);
  });

  it('is read again after a wrong password, but not for each of a flood of them', async () => {
    const { sip, clock } = await load(() => '{"current":"a"}');
    expect(await sip.refreshAfterMismatch()).toBe(false);
    expect(aws.requests).toHaveLength(1);
    clock.time += 10_000;
    await Promise.all(Array.from({ length: 50 }, () => sip.refreshAfterMismatch()));
    await sip.refreshAfterMismatch();
    expect(aws.requests).toHaveLength(2);
  });

  it('stays as it was when it cannot be read, and nothing of it is logged', async () => {
    let value = '{"current":"a"}';
    const { sip, clock, log } = await load(() => value);
    value = '{"currant":"the new password"}';
    clock.time += 10_000;
    expect(await sip.refreshAfterMismatch()).toBe(false);
    expect(sip.secrets).toEqual(['a']);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', event: 'secret-unreadable' }));
    const logged = log.lines.map(({ error }) => String(error)).join();
    expect(logged).not.toContain('the new password');
  });

  it('is read again from time to time', async () => {
    let value = '{"current":"a"}';
    const { sip } = await load(() => value, 0.02);
    value = '{"current":"b"}';
    await eventually(() => expect(sip.secrets).toEqual(['b']));
  });

  it.each(['', 'password', '{}', '{"current":""}', '{"current":"a","previous":""}'])(
    'must be what it should be: %j',
    async (value) => {
      await expect(load(() => value)).rejects.toThrow('secret sip is not');
    },
  );
});
