import * as z from 'zod';
import {
  consumedByCalls,
  consumedByFleet,
  edgeEventSource,
  type Fact,
  type FactOf,
  type FactType,
  factSchema,
  factVersion,
} from '../../contracts/facts.ts';
import { callRecordSection } from './call-record.ts';
import { operatorSection } from './operator-fact.ts';
import { table } from './table.ts';
import { type ValueSchema, valueText } from './value.ts';

type Said = {
  [T in FactType]: { when: string; example: Omit<FactOf<T>, 'version' | 'id' | 'type' | 'at' | 'edgeId'> };
};

const username = '0123456789abcdef0123456789abcdef.mediagw.1';
const received = { address: '203.0.113.9', port: 5060, protocol: 'tcp' } as const;
const caller = { uri: 'sip:room-system@example.org', displayName: 'Room 1', received };
const callId = '2f1c8a6e@203.0.113.9';
const traceId = '1-6b094708-5b2d9e7c41f03a86d2c7e915';
const registrationId = '5d0b3f9a7c';
const atMs = Date.UTC(2026, 10, 27, 9, 2, 0);

const said: Said = {
  'gateway.registered': {
    when: 'A gateway has registered that was not registered before.',
    example: { username, registrationId, contact: `sip:${username}@10.20.0.9:5060`, received },
  },
  'gateway.unregistered': {
    when: 'A gateway has removed its last contact.',
    example: { username, registrationId },
  },
  'gateway.lost': {
    when: 'A gateway that held a call is gone, or has started anew without it.',
    example: { callId, traceId, username, cause: 'registered anew' },
  },
  'call.waiting': {
    when: 'No gateway is free, and the call waits for one. When it begins to, and then after 5, 10, 20 … seconds.',
    example: { callId, traceId, room: '1234', cause: 'starting', ahead: 0, waitedSec: 0 },
  },
  'call.offered': {
    when: 'The INVITE goes out to a gateway. One for each attempt.',
    example: { callId, traceId, room: '1234', caller, gateway: username, attempt: 1 },
  },
  'call.answered': {
    when: 'The gateway has answered, and the caller got its 200.',
    example: {
      callId,
      traceId,
      gateway: username,
      receivedAt: atMs - 900,
      ringingAt: atMs - 400,
      callerDialogId: `${callId};from-tag=a1`,
      gatewayDialogId: '9b7e;from-tag=b2',
    },
  },
  'call.ended': {
    when: 'A call that was answered is over.',
    example: {
      callId,
      traceId,
      gateway: username,
      by: 'caller',
      outcome: 'answered',
      answeredAt: atMs - 60_000,
      messages: [
        { at: atMs - 1, leg: 'caller', direction: 'received', method: 'BYE' },
        { at: atMs - 1, leg: 'caller', direction: 'sent', method: 'BYE', status: 200 },
        { at: atMs, leg: 'gateway', direction: 'sent', method: 'BYE' },
      ],
    },
  },
  'call.failed': {
    when: 'The call was refused or came to nothing. `gateway` is the one still locked for it, if any.',
    example: {
      callId,
      traceId,
      outcome: 'busy-everywhere',
      room: '1234',
      caller,
      gateway: username,
      failed: [{ username, cause: 'rejected', status: 486 }],
    },
  },
  'call.cancelled': {
    when: 'The caller gave up. `gatewayAnswered`: its CANCEL crossed the 200 of the gateway.',
    example: { callId, traceId, gateway: username, gatewayAnswered: false },
  },
};

const meanings: Readonly<Record<string, string>> = {
  username: "the gateway's username",
  gateway: "the gateway's username",
  registrationId: 'the Call-ID of its registration',
  contact: 'where it is called, a SIP URI',
  received: 'where its packets came from',
  callId: "the call's Call-ID",
  traceId: 'one id of the whole call, as X-Ray writes it',
  cause: 'why, in a word of [outcomes.md](outcomes.md) or in a sentence',
  room: 'the user part that was dialled',
  ahead: 'how many calls wait before this one',
  waitedSec: 'how long it has waited, seconds',
  caller: 'From, and where the INVITE came from',
  attempt: 'which gateway is tried, counted from 1',
  receivedAt: 'when the INVITE came',
  ringingAt: 'when the gateway rang',
  answeredAt: 'when the call was answered',
  callerDialogId: "the caller's dialog",
  gatewayDialogId: "the gateway's dialog",
  by: 'who ended it',
  outcome: 'how it ended, a word of [outcomes.md](outcomes.md)',
  failed: 'the gateways that were tried in vain',
  detail: 'more, for people',
  messages:
    'the SIP messages since the fact before, in short: when (`at`), with whom (`leg`), `received` or `sent` by the edge, `method`, of an answer its `status`',
  messagesLeftOut: 'how many more there were, where it is more than 40',
  gatewayAnswered: 'whether the CANCEL crossed the 200 of the gateway',
};

/** Checked by the schema: an example that the bus would not carry stops the writing of the page. */
function exampleOf(type: FactType): Fact {
  const head = { version: factVersion, id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff', type, at: atMs };
  return factSchema.parse({ ...head, edgeId: 'edge-1', ...said[type].example });
}

function meaningOf(name: string): string {
  const meaning = meanings[name];
  if (meaning === undefined) throw new Error(`scripts/docs/events.ts does not say what ${name} means`);
  return meaning;
}

/** Fields that each fact has, told once at the top of the page. */
const common = new Set(['version', 'id', 'type', 'at', 'edgeId']);

function fieldsOf(type: FactType): string[][] {
  const schema = factSchema.options.find((one) => one.shape.type.value === type);
  if (schema === undefined) throw new Error(`no schema of ${type}`);
  const { properties = {}, required = [] } = z.toJSONSchema(schema) as ValueSchema;
  return Object.entries(properties)
    .filter(([name]) => !common.has(name))
    .map(([name, field]) => [
      `\`${name}\``,
      valueText(name, field),
      meaningOf(name),
      required.includes(name) ? 'always' : 'where it is known',
    ]);
}

const consumersOf = (type: FactType): string => {
  const consumers = [
    ...((consumedByCalls as readonly FactType[]).includes(type) ? ['`calls`'] : []),
    ...((consumedByFleet as readonly FactType[]).includes(type) ? ['`fleet`'] : []),
  ];
  return consumers.length === 0 ? 'nobody of ours' : consumers.join(' and ');
};

/** @returns docs/events.md */
export function eventsPage(): string {
  const types = Object.keys(said) as FactType[];
  const sections = types.map(
    (type) => `## ${type}
${said[type].when} Consumed by ${consumersOf(type)}.

${table(['field', 'value', 'meaning', 'given'], fieldsOf(type))}

\`\`\`json
${JSON.stringify(exampleOf(type), null, 2)}
\`\`\`
`,
  );
  return `# Facts on the bus
The edges publish what has happened on the stack's EventBridge bus (output \`BusName\`), with source \`${edgeEventSource}\` and
the fact's type as detail type; the last two are the control plane's own. A rule of your own may take them. They come at least once, late, and in any order: tell
one from another by \`id\`, and order them by \`at\`. This page is made from contracts/ by \`npm run docs\`, and each
example is checked by the schema.

Every fact of an edge has \`version\` (${factVersion}), \`id\` (a UUID, the same when it is sent again), \`type\`, \`at\` (epoch milliseconds)
and \`edgeId\`; those of a call have its \`callId\`, and the id that all that is said of it
shares, \`traceId\`.

${[...sections, callRecordSection(), operatorSection()].join('\n')}`;
}
