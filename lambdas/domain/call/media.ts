import { isDeepStrictEqual } from 'node:util';
import type { MediaSide, MediaStream } from '../../../contracts/media.ts';
import type { MediaReport, ReportedSide } from '../../../contracts/media-report.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import { known } from '../views.ts';
import type { Call, CallMedia } from './call.ts';

/* How the media of a call went: what a gateway tells of it, of which call that is, and what is measured. */

/** What a gateway told, read. */
export interface ToldMedia {
  /** Call-ID of the gateway's leg; empty where it is not told. */
  gatewayCallId: string;
  /** When the gateway says its call was over, epoch milliseconds. */
  endedAt: number;
  streams: MediaStream[];
}

/** @param nowMs when it came: what a report without a time is of */
export function toldMedia({ call }: MediaReport, nowMs: number): ToldMedia {
  const { callSession, details, mediaStats } = call;
  const { timestamp } = callSession.callEnd;
  const streams: MediaStream[] = [
    streamOf('audio', mediaStats.audio),
    ...mediaStats.video.map((stream) => streamOf('video', stream)),
  ];
  return {
    gatewayCallId: details.callId,
    endedAt: timestamp === '' ? nowMs : Date.parse(timestamp),
    streams: streams.filter(({ sent, received }) => sent !== undefined || received !== undefined),
  };
}

function streamOf(
  kind: MediaStream['kind'],
  { tx, rx }: { tx: ReportedSide; rx: ReportedSide },
): MediaStream {
  // Of what was sent the caller counts those that are missing of all; of what came, those that came are counted.
  const sent = sideOf(tx, (_lost, packets) => packets);
  const received = sideOf(rx, (lost, packets) => packets + lost);
  return { kind, ...known({ sent, received }) };
}

/** RTCP counts in 24 bits with a sign, which baresip does not show of what was sent (RFC 3550 6.4.1). */
const mostLost = 0x7f_ffff;

/** @param all how many packets those that are lost are of */
function sideOf(
  { packets, errors, packetReports, lostPackets, jitterMs, avgBitrateKbps }: ReportedSide,
  all: (lost: number, packets: number) => number,
): MediaSide | undefined {
  // Fewer than none are lost where packets came twice.
  const isNegative = lostPackets !== undefined && (lostPackets < 0 || lostPackets > mostLost);
  const lost = isNegative ? 0 : lostPackets;
  const counted = lost === undefined ? 0 : all(lost, packetReports ?? packets ?? 0);
  const side = known({
    packets,
    lost,
    lossPercent: lost === undefined || counted === 0 ? undefined : percentOf(lost, counted),
    jitterMs,
    bitrateKbps: avgBitrateKbps,
    errors,
  });
  return Object.keys(side).length > 0 ? side : undefined;
}

/** To the hundredth: one packet in ten thousand. */
const percentOf = (part: number, whole: number) => Math.min(100, Math.round((part / whole) * 10_000) / 100);

/** How far the clocks of a gateway and of the edges may be apart, and how long a gateway may take to end its call. */
const toleranceMs = 60_000;

/**
 * The call that a gateway tells of: the one whose leg to it has the Call-ID that it names; else, of those in which it was
 * at the time, the one that ended next to it.
 * @param calls those whose last gateway it was
 */
export function callOfMedia(told: ToldMedia, calls: readonly Call[]): Call | undefined {
  const { gatewayCallId, endedAt } = told;
  const named = calls.find(
    ({ gatewayDialogId }) =>
      gatewayCallId !== '' && gatewayDialogId !== undefined && callIdOf(gatewayDialogId) === gatewayCallId,
  );
  if (named !== undefined) return named;
  const distanceOf = (call: Call) => Math.abs((call.endedAt ?? endedAt) - endedAt);
  return calls
    .filter(
      (call) =>
        call.offeredAt !== undefined &&
        call.offeredAt <= endedAt + toleranceMs &&
        distanceOf(call) <= toleranceMs,
    )
    .sort((one, other) => distanceOf(one) - distanceOf(other))[0];
}

/** A dialog's id as drachtio gives it, `{Call-ID};from-tag={tag}`. */
const callIdOf = (dialogId: string) => dialogId.replace(/;from-tag=[^;]*$/, '');

export const isSameMedia = (media: CallMedia, streams: readonly MediaStream[]) =>
  isDeepStrictEqual(media.streams, streams);

/** @returns what the call's media adds to the metrics: nothing where RTCP told nothing */
export function mediaMeasurements({ streams }: ToldMedia, at: number): Measurement[] {
  const worst = (
    name: 'PacketLoss' | 'Jitter',
    of: (side: MediaSide) => number | undefined,
  ): Measurement[] => {
    const values = streams.flatMap(({ sent, received }) =>
      [sent, received].flatMap((side) => (side && of(side)) ?? []),
    );
    return values.length === 0 ? [] : [{ name, value: Math.max(...values), at }];
  };
  return [
    ...worst('PacketLoss', ({ lossPercent }) => lossPercent),
    ...worst('Jitter', ({ jitterMs }) => jitterMs),
  ];
}
