import { beforeEach, describe, expect, it } from 'vitest';
import type { CallRecordView } from '../../../contracts/api/views.ts';
import { NotTold } from '../../../lambdas/domain/errors.ts';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import {
  emptyReportBytes,
  reportingGateway as gateway,
  reportBytes,
  reportWithoutRtcpBytes,
} from '../../support/sip-media-gateway-report.ts';
import { get, instead, refusals } from '../support/api.ts';
import { detailOf, end, overAt, push, upCall } from '../support/media-reports.ts';
import { useWorld, world } from '../support/use-world.ts';

/* What becomes of SIPMediaGW's record of a call, as its own script posts it. */

useWorld();

const gatewayCallId = 'cfbebf8dc6a30fc5';

const recordOf = async (callId: string) =>
  (await get<{ items: CallRecordView[] }>('/records')).items.find((one) => one.callId === callId);

const streams = [
  {
    kind: 'audio',
    sent: { packets: 1200, lost: 27, lossPercent: 2.7, jitterMs: 1.8, bitrateKbps: 64, errors: 35 },
    received: { packets: 1166, lost: 30, lossPercent: 3, jitterMs: 4.1, bitrateKbps: 62.2, errors: 0 },
  },
  {
    kind: 'video',
    sent: { packets: 480, lost: 9, lossPercent: 2.25, jitterMs: 3.5, bitrateKbps: 14.6, errors: 15 },
    received: { packets: 448, lost: 13, lossPercent: 3.4, jitterMs: 1.7, bitrateKbps: 14.4, errors: 0 },
  },
];

beforeEach(() => {
  refusals.length = 0;
});

describe('the bytes that SIPMediaGW posts', () => {
  it('stand in the call, its record, the metrics, and are told anew, where the call is over', async () => {
    await upCall('call-1');
    await end('call-1');
    world.pass(2);
    const id = pathIdOf({ callId: 'call-1' });
    expect(await push(reportBytes)).toEqual({ statusCode: 200, body: { result: 'joined', id } });
    const reportedAt = new Date(world.nowMs).toISOString();
    expect((await detailOf('call-1')).media).toEqual({ reportedAt, streams });
    expect((await recordOf('call-1'))?.media).toEqual({ reportedAt, streams });
    const [first, second] = world.records;
    expect(world.records).toHaveLength(2);
    expect(first).not.toHaveProperty('media');
    expect(second).toEqual({
      ...first,
      revision: (first?.revision ?? 0) + 1,
      media: { reportedAt: world.nowMs, streams },
    });
    expect(world.measured).toEqual(
      expect.arrayContaining([
        { name: 'PacketLoss', value: 3.4, at: overAt },
        { name: 'Jitter', value: 4.1, at: overAt },
      ]),
    );
  });

  it('before the end is told stand in the one record that is told', async () => {
    await upCall('call-1');
    expect(await push(reportBytes)).toMatchObject({ body: { result: 'joined' } });
    expect(world.records).toEqual([]);
    await end('call-1');
    expect(world.records).toMatchObject([{ callId: 'call-1', media: { streams } }]);
  });

  it('a second time are known: nothing is written or measured, and the same record is told', async () => {
    await upCall('call-1');
    await end('call-1');
    await push(reportBytes);
    const before = await world.call('call-1');
    const measured = world.measured.length;
    world.pass(30);
    expect(await push(reportBytes)).toMatchObject({ statusCode: 200, body: { result: 'known' } });
    expect(await world.call('call-1')).toEqual(before);
    expect(world.measured).toHaveLength(measured);
    expect(world.records.at(-1)).toEqual(world.records.at(-2));
  });

  it('long after still find their call', async () => {
    await upCall('call-1');
    await end('call-1');
    world.pass(20 * 24 * 3600);
    expect(await push(reportBytes)).toMatchObject({ body: { result: 'joined' } });
  });

  it('of no call are told so, and logged by the gateway that sent them', async () => {
    expect(await push(reportBytes)).toMatchObject({
      statusCode: 404,
      body: { type: 'urn:switchroom:problem:not-found' },
    });
    expect(refusals).toEqual([{ why: 'the gateway had no call at that time', gateway }]);
  });

  it('without a call are empty, which is how a gateway ends that had none', async () => {
    world.nowMs = overAt;
    expect(await push(emptyReportBytes)).toEqual({ statusCode: 200, body: { result: 'empty' } });
    await upCall('call-1');
    expect(await push(emptyReportBytes)).toEqual({ statusCode: 200, body: { result: 'empty' } });
    expect((await detailOf('call-1')).media).toBeUndefined();
  });

  it('without RTCP say what was counted, and measure no loss', async () => {
    const by = 'c0000000000000000000000000000001.mediagw.1';
    world.nowMs = Date.parse('2026-11-30T08:11:25Z');
    await world.register({ username: by });
    await world.grant({ callId: 'call-1', gateway: by });
    const measured = world.measured.length;
    expect(await push(reportWithoutRtcpBytes, { by })).toMatchObject({ body: { result: 'joined' } });
    expect((await detailOf('call-1')).media?.streams).toEqual([
      {
        kind: 'audio',
        sent: { packets: 548, bitrateKbps: 64.1, errors: 0 },
        received: { packets: 600, bitrateKbps: 64, errors: 0 },
      },
    ]);
    expect(world.measured).toHaveLength(measured);
  });
});

describe('of the calls of a gateway that is used again, a report is joined to', () => {
  const other = { gatewayDialogId: 'another;from-tag=b' };
  /** Two calls, of which the second began as the first had ended. */
  async function twoCalls(first: object, second: object) {
    await upCall('call-1', first);
    await end('call-1');
    world.pass(20);
    await world.register({ username: gateway, registrationId: 'reg-2' });
    await world.grant({ callId: 'call-2', gateway });
    await world.say(world.answered('call-2', gateway, second));
    world.pass(20);
    await end('call-2');
  }

  it('the one whose leg has the Call-ID that it names', async () => {
    await twoCalls(other, { gatewayDialogId: `${gatewayCallId};from-tag=b` });
    expect(await push(reportBytes)).toMatchObject({ body: { id: pathIdOf({ callId: 'call-2' }) } });
  });

  it('else the one that ended next to it', async () => {
    await twoCalls(other, other);
    expect(await push(reportBytes)).toMatchObject({ body: { id: pathIdOf({ callId: 'call-1' }) } });
  });

  it('none, where no call of its own was at that time', async () => {
    await upCall('call-1');
    world.pass(90);
    await end('call-1');
    expect(await push(reportBytes)).toMatchObject({ statusCode: 404 });
  });
});

it('counts packets that came twice as none lost, also as 24 bits without a sign (RFC 3550 6.4.1)', async () => {
  await upCall('call-1');
  const twice = reportBytes.replace('"lostPackets": 27', '"lostPackets": 16777214').replace(': 30,', ': -2,');
  await push(twice);
  const [audio] = (await detailOf('call-1')).media?.streams ?? [];
  expect(audio).toMatchObject({ sent: { lost: 0, lossPercent: 0 }, received: { lost: 0, lossPercent: 0 } });
});

it('a record that the bus does not take is told by the next sweep', async () => {
  await upCall('call-1');
  await end('call-1');
  instead.tellRecord = () => Promise.reject(new NotTold('away'));
  expect(await push(reportBytes)).toMatchObject({ statusCode: 200 });
  expect(world.records).toHaveLength(1);
  // It is over and was served: no list takes it for a failure meanwhile.
  expect(await get('/failures')).toMatchObject({ failed: 0 });
  expect(await get('/status')).toMatchObject({ lastHour: { failed: [] } });
  expect((await get<{ items: object[] }>('/calls?outcome=answered')).items).toHaveLength(1);
  await world.sweep();
  expect(world.records.at(-1)).toMatchObject({ callId: 'call-1', media: { streams } });
});
