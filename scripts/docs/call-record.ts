import * as z from 'zod';
import { type CallRecord, callRecordSchema, callsEventSource } from '../../contracts/call-record.ts';
import { table } from './table.ts';
import { type ValueSchema, valueText } from './value.ts';

/* The section of docs/events.md about the record of a call that is over. */

const gateway = '0123456789abcdef0123456789abcdef.mediagw.1';
const atMs = Date.UTC(2026, 10, 27, 9, 2, 0);

const example: CallRecord = {
  version: 1,
  type: 'call.record',
  at: atMs,
  id: 'MmYxYzhhNmVAMjAzLjAuMTEzLjkjMS02YjA5NDcwOC01YjJkOWU3YzQxZjAzYTg2ZDJjN2U5MTU',
  revision: 4,
  callId: '2f1c8a6e@203.0.113.9',
  traceId: '1-6b094708-5b2d9e7c41f03a86d2c7e915',
  edgeId: 'edge-1',
  room: '1234',
  caller: {
    uri: 'sip:room-system@example.org',
    displayName: 'Room 1',
    received: { address: '203.0.113.9', port: 5060, protocol: 'tcp' },
  },
  gateway,
  outcome: 'answered',
  status: 200,
  endedBy: 'caller',
  receivedAt: atMs - 64_000,
  waitingSince: atMs - 63_950,
  offeredAt: atMs - 61_100,
  ringingAt: atMs - 60_700,
  answeredAt: atMs - 60_000,
  endedAt: atMs,
  waitedSec: 2.85,
  talkSec: 60,
  gatewaySec: 61.1,
  attempts: [{ attempt: 1, gateway, offeredAt: atMs - 61_100 }],
  media: {
    reportedAt: atMs + 900,
    streams: [
      {
        kind: 'audio',
        sent: { packets: 3000, lost: 12, lossPercent: 0.4, jitterMs: 1.8, bitrateKbps: 64, errors: 0 },
        received: { packets: 2970, lost: 30, lossPercent: 1, jitterMs: 4.1, bitrateKbps: 63.4, errors: 0 },
      },
    ],
  },
};

const meanings: Readonly<Record<string, string>> = {
  id: 'the call, as the paths of [the API](api.md) name it: the same for each record of one call',
  revision: 'of two records of one call the higher one counts',
  callId: "the call's Call-ID",
  traceId: 'one id of the whole call, as X-Ray writes it',
  edgeId: 'the edge that had it',
  room: 'the user part that was dialled',
  caller: 'From, and where the INVITE came from',
  gateway: 'the last gateway that it had',
  outcome: 'how it ended, a word of [outcomes.md](outcomes.md)',
  status: 'the SIP status of the final answer to the INVITE',
  endedBy: 'who hung up; `sweep`: nobody said so, its edge was thought lost',
  detail: 'the reason in words, of the edge or of the gateway',
  receivedAt: 'when the INVITE came',
  waitingSince: 'when it began to wait for a gateway',
  offeredAt: 'when the INVITE first went out to a gateway',
  ringingAt: 'when the gateway rang',
  answeredAt: 'when it was answered',
  endedAt: 'when it was over',
  waitedSec: 'how long it waited for a gateway',
  talkSec: 'from the answer to the end',
  gatewaySec: 'how long gateways were locked for it, or in it: its part of what they cost',
  attempts: 'the gateways that were tried, with how each failed',
  media:
    'how its media went, as its gateway counted: of each stream its `kind` (`audio`, `video`), and what was `sent` to the caller and `received` from there, each with `packets`, `lost`, `lossPercent`, `jitterMs`, `bitrateKbps` and `errors`. Without RTCP of the caller there is no loss and no jitter',
};

const common = new Set(['version', 'type', 'at']);

function rows(): string[][] {
  const { properties = {}, required = [] } = z.toJSONSchema(callRecordSchema) as ValueSchema;
  return Object.entries(properties)
    .filter(([name]) => !common.has(name))
    .map(([name, field]) => {
      const meaning = meanings[name];
      if (meaning === undefined)
        throw new Error(`scripts/docs/call-record.ts does not say what ${name} means`);
      return [
        `\`${name}\``,
        valueText(name, field),
        meaning,
        required.includes(name) ? 'always' : 'where it is known',
      ];
    });
}

export function callRecordSection(): string {
  return `## call.record
A call is over: all that is known of it, for billing, reports and archives. Its source is \`${callsEventSource}\`: the
\`calls\` function tells it after it has written the end. Consumed by nobody of ours; [exports](deploy.md#records-for-others)
take it from here.

What holds: there is one for each call that edge or control plane has let in, at least once. It comes again, with the same
\`id\` and the same \`revision\`, where the bus or the function failed in between, and with a higher \`revision\` where more
became known (a fact that came late; an edge that was thought lost and was not; how its media went, which a gateway tells
some seconds after the end). So keep of each \`id\` the record with the
highest \`revision\`. A call that no fact ended (its edge, or its gateway's task, is gone) is told by the next minute's sweep.
Calls that an edge refuses at its door ([outcomes.md](outcomes.md)) have none.

${table(['field', 'value', 'meaning', 'given'], rows())}

\`\`\`json
${JSON.stringify(callRecordSchema.parse(example), null, 2)}
\`\`\`
`;
}
