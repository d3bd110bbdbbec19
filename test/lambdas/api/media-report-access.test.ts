import { describe, expect, it } from 'vitest';
import { SecretUnavailable } from '../../../lambdas/domain/errors.ts';
import { passwordOf } from '../../../lambdas/functions/api/gateways/password.ts';
import { reportingGateway as gateway, reportBytes } from '../../support/sip-media-gateway-report.ts';
import { instead, reportSecret } from '../support/api.ts';
import { basic, detailOf, push, upCall } from '../support/media-reports.ts';
import { useWorld } from '../support/use-world.ts';

/* Who may tell how the media of a call went, and what is not taken. */

useWorld();

describe('who may tell', () => {
  const good = passwordOf(gateway, reportSecret);
  it.each([
    ['nobody', undefined],
    ['a token', 'Bearer x'],
    ['no pair', `Basic ${Buffer.from('x').toString('base64')}`],
    ['what is no base64', 'Basic ?'],
    ['a wrong password', basic(gateway, '0'.repeat(64))],
    ['an empty one', basic(gateway, '')],
    ['the secret itself', basic(gateway, reportSecret)],
    ["another's password", basic('other.mediagw.1', good)],
    ['a longer one', basic(gateway, `${good}0`)],
    ['no username', basic('', passwordOf('', reportSecret))],
    ['more than a header may be', `Basic ${'A'.repeat(5000)}`],
  ])('not %s', async (_who, authorization) => {
    await upCall('call-1');
    const headers = { authorization: authorization ?? '' };
    expect(await push(reportBytes, { headers })).toMatchObject({ statusCode: 401 });
    // What it says is not read, however wrong.
    expect(await push('{', { headers })).toMatchObject({ statusCode: 401 });
    expect((await detailOf('call-1')).media).toBeUndefined();
  });

  it('no gateway of another', async () => {
    await upCall('call-1');
    expect(await push(reportBytes, { by: 'other.mediagw.1' })).toMatchObject({ statusCode: 403 });
    // Nor by not naming it: then it is of its own calls, of which there is none.
    const unnamed = reportBytes.replace(`"destinationGw": "${gateway}"`, '"destinationGw": ""');
    expect(await push(unnamed, { by: 'other.mediagw.1' })).toMatchObject({ statusCode: 404 });
    expect((await detailOf('call-1')).media).toBeUndefined();
  });

  it('a gateway that has the secret of before a rotation', async () => {
    instead.reportSecrets = async () => ['newer', reportSecret];
    await upCall('call-1');
    expect(await push(reportBytes)).toMatchObject({ statusCode: 200 });
  });

  it('a gateway that has a newer secret than the function has read', async () => {
    instead.reportSecrets = async (again) => [again ? reportSecret : 'older'];
    await upCall('call-1');
    expect(await push(reportBytes)).toMatchObject({ statusCode: 200 });
  });

  it('nobody, where the secret cannot be read: 503', async () => {
    instead.reportSecrets = () => Promise.reject(new SecretUnavailable('x'));
    expect(await push(reportBytes)).toMatchObject({ statusCode: 503 });
  });
});

describe('what is refused', () => {
  it.each([
    ['what is no JSON', '{', undefined],
    ['another shape', '{"call":{}}', 'call.callSession'],
    [
      'a count that is none',
      reportBytes.replace('"packets": 1200', '"packets": "1200"'),
      'call.mediaStats.audio.tx.packets',
    ],
    [
      'more streams than there are',
      JSON.stringify({
        call: {
          ...JSON.parse(reportBytes).call,
          mediaStats: { audio: { tx: {}, rx: {} }, video: Array(9).fill({}) },
        },
      }),
      'call.mediaStats.video',
    ],
    [
      'a time that is none',
      reportBytes.replace('2026-11-30T15:33:03Z', 'today'),
      'call.callSession.callEnd.timestamp',
    ],
  ])('%s', async (_what, bytes, field) => {
    await upCall('call-1');
    const { statusCode, body } = await push(bytes);
    expect(statusCode).toBe(400);
    expect((body.errors ?? [{}]).map((one: { field?: string }) => one.field)).toContain(field);
  });

  it('more than 64 KB', async () => {
    await upCall('call-1');
    expect(await push(`${reportBytes}${' '.repeat(65_536)}`)).toMatchObject({ statusCode: 413 });
  });

  it('another report of the same call: the first one stays', async () => {
    await upCall('call-1');
    await push(reportBytes);
    expect(await push(reportBytes.replace('"lostPackets": 27', '"lostPackets": 900'))).toMatchObject({
      statusCode: 409,
    });
    expect((await detailOf('call-1')).media?.streams).toMatchObject([{ sent: { lost: 27 } }, {}]);
  });

  it('nothing of a name that is one of JavaScript', async () => {
    await upCall('call-1');
    const bytes = reportBytes.replace('"mainApp"', '"__proto__"').replace('"browsing"', '"constructor"');
    expect(await push(bytes)).toMatchObject({ statusCode: 200 });
  });
});
