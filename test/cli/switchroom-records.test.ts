import { describe, expect, it } from 'vitest';
import { DayReport } from '../../cli/switchroom/report.ts';
import { painter } from '../../cli/switchroom/show/paint.ts';
import { csvHeader, csvRow } from '../../cli/switchroom/show/records.ts';
import { showReport } from '../../cli/switchroom/show/report.ts';
import { isoOf } from '../../contracts/api/common.ts';
import type { CallRecordView } from '../../contracts/api/views.ts';
import type { Outcome } from '../../contracts/outcomes.ts';

/* What `switchroom` makes of the records of calls, without a run. */

const day = Date.parse('2026-11-23T00:00:00Z');
const hourMs = 3_600_000;
const received = { address: '203.0.113.9', port: 5060, protocol: 'tcp' } as const;

/** A call that was over at this hour of the day, after so many minutes. */
function record(hour: number, minutes: number, more: Partial<CallRecordView> = {}): CallRecordView {
  const ended = day + hour * hourMs;
  const answeredAt = isoOf(ended - minutes * 60_000);
  return {
    id: 'x',
    revision: 3,
    callId: `call-${hour}`,
    edgeId: 'edge-1',
    room: '1234',
    caller: { uri: 'sip:alice@example.org', displayName: 'Alice', received },
    gateway: '10.0.0.7.mediagw.1',
    outcome: 'answered',
    status: 200,
    endedBy: 'caller',
    answeredAt,
    endedAt: isoOf(ended),
    waitedSec: 0,
    talkSec: minutes * 60,
    gatewaySec: minutes * 60,
    attempts: [],
    ...more,
  };
}

function failed(hour: number, outcome: Outcome, uri = 'sip:bob@example.org'): CallRecordView {
  const { answeredAt: _answered, ...rest } = record(hour, 0, { outcome, status: 503, gatewaySec: 0 });
  return { ...rest, caller: { uri, received } };
}

describe('a record as CSV', () => {
  const rowOf = (more: Partial<CallRecordView>) =>
    csvRow(record(9, 1, more))
      .trimEnd()
      .split(',');
  const at = (column: string) => csvHeader.trimEnd().split(',').indexOf(column);

  it('has a cell for each column, times as the API has them, and lengths in seconds', () => {
    const row = rowOf({});
    expect(row).toHaveLength(csvHeader.split(',').length);
    expect([row[at('endedAt')], row[at('talkSec')], row[at('callerAddress')]]).toEqual([
      '2026-11-23T09:00:00.000Z',
      '60',
      '203.0.113.9',
    ]);
  });

  it('has losses and jitter by direction, of the worst stream of a kind, and nothing where they are not known', () => {
    const of = (kind: 'audio' | 'video', lossPercent: number) => ({
      kind,
      sent: { lossPercent, jitterMs: 2 },
    });
    const media = { reportedAt: isoOf(day), streams: [of('audio', 0), of('video', 1), of('video', 3.5)] };
    const row = rowOf({ media });
    const told = [
      'audioSentLossPercent',
      'videoSentLossPercent',
      'videoSentJitterMs',
      'videoReceivedLossPercent',
    ];
    expect(told.map((column) => row[at(column)])).toEqual(['0', '3.5', '2', '']);
  });

  it.each([
    ['=cmd|"/c calc"!A1', `"'=cmd|""/c calc""!A1"`],
    ['+49 30 1234', `'+49 30 1234`],
    ['a, b', '"a, b"'],
    ['two\nlines', '"two\nlines"'],
  ])('makes text of a display name %j', (displayName, cell) => {
    const row = csvRow(record(9, 1, { caller: { uri: 'sip:a@b', displayName, received } }));
    expect(row).toContain(`,sip:a@b,${cell},203.0.113.9,`);
  });
});

describe('the report of a day', () => {
  const report = new DayReport(day);
  const records = [
    record(9, 30),
    record(9.25, 30, { waitedSec: 4, gatewaySec: 1804 }),
    record(9.5, 15),
    record(17, 60),
    failed(9, 'pool-exhausted'),
    failed(9.1, 'pool-exhausted'),
    failed(12, 'gateway-lost', `sip:${'x'.repeat(80)}@example.org`),
    failed(13, 'cancelled'),
  ];
  for (const one of records) report.add(one);
  const sums = report.sums(0.5);

  it('sums up calls, talk, waits, failures and callers', () => {
    expect(sums).toMatchObject({
      day: '2026-11-23',
      calls: 8,
      answered: 4,
      cancelled: 1,
      failed: 3,
      talkSec: 8100,
      gatewaySec: 8104,
      usd: 1.13,
      waits: { calls: 1, meanSec: 4, p95Sec: 4, longestSec: 4 },
      failures: [
        { outcome: 'pool-exhausted', calls: 2 },
        { outcome: 'gateway-lost', calls: 1 },
      ],
    });
    expect(sums.callers[0]).toEqual({ caller: 'sip:alice@example.org', calls: 4, failed: 0, talkSec: 8100 });
    expect(sums.hours.map(({ hour, calls }) => [hour, calls])).toEqual([
      [9, 5],
      [12, 1],
      [13, 1],
      [17, 1],
    ]);
  });

  it('counts a call that begins as another ends as none beside it', () => {
    // 8:30 to 9:00, 8:45 to 9:15, and 9:15 to 9:30.
    expect(sums.peak).toEqual({ calls: 2, at: '2026-11-23T08:45:00.000Z' });
  });

  it('fits eighty columns', () => {
    const text = showReport(sums, painter(false));
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text).toMatch(
      /^day +2026-11-23.*\ncalls +8: 4 answered, 1 given up, 3 failed \(37.5 %\)\npeak +2 at/,
    );
    expect(text).toMatch(/cost +gateways were in calls for 2.3 h: 1.13 USD/);
  });

  it('of a day without calls says so', () => {
    expect(showReport(new DayReport(day).sums(undefined), painter(false))).toBe(
      'No call was over on 2026-11-23 (UTC).',
    );
  });
});
