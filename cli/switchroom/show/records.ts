import type { CallRecordView } from '../../../contracts/api/views.ts';
import type { MediaStream } from '../../../contracts/media.ts';

/* Call detail records as CSV (RFC 4180), a line for each call. */

type Cell = string | number | undefined;

/** Of several streams of a kind, such as a camera and slides, that of the worst. */
function worst(
  kind: MediaStream['kind'],
  direction: 'sent' | 'received',
  value: 'lossPercent' | 'jitterMs',
): (record: CallRecordView) => Cell {
  return ({ media }) => {
    const of = (media?.streams ?? []).filter((stream) => stream.kind === kind);
    const values = of.flatMap((stream) => stream[direction]?.[value] ?? []);
    return values.length === 0 ? undefined : Math.max(...values);
  };
}

const columns: Readonly<Record<string, (record: CallRecordView) => Cell>> = {
  id: ({ id }) => id,
  revision: ({ revision }) => revision,
  callId: ({ callId }) => callId,
  traceId: ({ traceId }) => traceId,
  receivedAt: ({ receivedAt }) => receivedAt,
  waitingSince: ({ waitingSince }) => waitingSince,
  offeredAt: ({ offeredAt }) => offeredAt,
  ringingAt: ({ ringingAt }) => ringingAt,
  answeredAt: ({ answeredAt }) => answeredAt,
  endedAt: ({ endedAt }) => endedAt,
  waitedSec: ({ waitedSec }) => waitedSec,
  talkSec: ({ talkSec }) => talkSec,
  gatewaySec: ({ gatewaySec }) => gatewaySec,
  outcome: ({ outcome }) => outcome,
  status: ({ status }) => status,
  endedBy: ({ endedBy }) => endedBy,
  detail: ({ detail }) => detail,
  room: ({ room }) => room,
  callerUri: ({ caller }) => caller?.uri,
  callerName: ({ caller }) => caller?.displayName,
  callerAddress: ({ caller }) => caller?.received.address,
  edgeId: ({ edgeId }) => edgeId,
  gateway: ({ gateway }) => gateway,
  attempts: ({ attempts }) => attempts.length,
  audioSentLossPercent: worst('audio', 'sent', 'lossPercent'),
  audioSentJitterMs: worst('audio', 'sent', 'jitterMs'),
  audioReceivedLossPercent: worst('audio', 'received', 'lossPercent'),
  audioReceivedJitterMs: worst('audio', 'received', 'jitterMs'),
  videoSentLossPercent: worst('video', 'sent', 'lossPercent'),
  videoSentJitterMs: worst('video', 'sent', 'jitterMs'),
  videoReceivedLossPercent: worst('video', 'received', 'lossPercent'),
  videoReceivedJitterMs: worst('video', 'received', 'jitterMs'),
};

/** What a caller says is no formula: a spreadsheet takes text that begins so for one (OWASP, "CSV Injection"). */
const asText = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

function cellOf(value: Cell): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = asText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const csvHeader = `${Object.keys(columns).join(',')}\r\n`;

export const csvRow = (record: CallRecordView): string =>
  `${Object.values(columns)
    .map((read) => cellOf(read(record)))
    .join(',')}\r\n`;
