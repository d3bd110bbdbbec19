import { expect } from 'vitest';
import type { DigestAlgorithm } from '../../../sip/digest/auth-params.ts';
import { bestChallenge, type Challenge, digestAnswer } from '../../../sip/digest/client.ts';
import { Digest, type DigestVerdict, type Secrets } from '../../../sip-edge/auth/digest.ts';

export const realm = 'example.test';
const uri = `sip:${realm}`;
const username = '10.0.0.7.mediagw.1';
export const password = 'secret';
const address = '192.0.2.7';
export const secrets: Secrets = [password];
export const startedAt = 1_800_000_000_000;

export function setUp(options: { at?: number; capacity?: number } = {}) {
  const clock = { time: options.at ?? startedAt, now: () => clock.time };
  const capacity = options.capacity ?? 1000;
  const digest = new Digest({ realm, nonceLifetimeSec: 300, clock, capacity });
  clock.time += 1;
  const challenge = (algorithm: DigestAlgorithm = 'SHA-256', of: Secrets = secrets) =>
    bestChallenge(digest.challenges(of, false, [algorithm], address)) as Challenge;
  const check = (
    authorization: string | undefined,
    given: Partial<{ of: Secrets; user: string; from: string }> = {},
  ) =>
    digest.check(
      {
        method: 'REGISTER',
        authorization,
        username: given.user ?? username,
        address: given.from ?? address,
      },
      given.of ?? secrets,
    );
  return { clock, digest, challenge, check };
}

export const right = { username, password, method: 'REGISTER', uri };
export const answerTo = (challenge: Challenge, given: typeof right & { nonceCount?: number }) =>
  digestAnswer({ challenge, nonceCount: 1, ...given });
export const accepted = expect.objectContaining({ result: 'accepted' });
export const stale: DigestVerdict = { result: 'challenge', stale: true, why: 'stale-nonce' };
