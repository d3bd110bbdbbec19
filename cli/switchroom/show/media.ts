import type { MediaSide, MediaStream } from '../../../contracts/media.ts';
import { table } from './table.ts';

/* How the media of a call went, as its gateway counted it. */

const told = (value: number | undefined, unit: string) => (value === undefined ? '-' : `${value} ${unit}`);

const row = (kind: string, direction: string, side: MediaSide | undefined): string[][] =>
  side === undefined
    ? []
    : [
        [
          kind,
          direction,
          told(side.lossPercent, '%'),
          told(side.jitterMs, 'ms'),
          String(side.packets ?? '-'),
          told(side.bitrateKbps, 'kbit/s'),
        ],
      ];

export function showMedia(streams: readonly MediaStream[]): string {
  const rows = streams.flatMap(({ kind, sent, received }) => [
    ...row(kind, 'to the caller', sent),
    ...row(kind, 'from the caller', received),
  ]);
  return table(['MEDIA', 'DIRECTION', 'LOST', 'JITTER', 'PACKETS', 'BITRATE'], rows);
}
