import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * The 49 messages of RFC 4475, "SIP Torture Test Messages", byte for byte (messages/), and what the edge makes of each.
 * Where a section lets an implementation choose, what it chose stands here.
 */

/** The final answer, or none and no harm. */
export type Outcome = number | 'silence';

export interface TortureMessage {
  /** The RFC's name of it. */
  readonly name: string;
  readonly section: string;
  readonly what: string;
  readonly transport: 'udp' | 'tcp';
  readonly expected: Outcome;
  /** Where drachtio 0.9.10 answers by itself, or drops what it cannot read, so that the edge never sees it. */
  readonly onDrachtio: Outcome;
  readonly bytes: Buffer;
}

interface More {
  transport?: 'tcp';
  onDrachtio?: Outcome;
}

/** An INVITE that the edge lets in: there is no gateway in these tests. */
const letIn = 480;
/** A REGISTER that was understood: its user is no gateway. */
const noGateway = 403;
const tcp = { transport: 'tcp' } as const;

const rows: readonly (readonly [name: string, section: string, what: string, Outcome, More?])[] = [
  ['wsinv', '3.1.1.1', 'folded lines and blanks everywhere, within a dialog that is not ours', 481],
  ['intmeth', '3.1.1.2', 'a method of all characters there are', 501, { ...tcp, onDrachtio: 'silence' }],
  ['esc01', '3.1.1.3', 'escapes in users', letIn],
  ['escnull', '3.1.1.4', 'escaped zeros', noGateway],
  ['esc02', '3.1.1.5', 'a % in a method, which escapes nothing', 501, { ...tcp, onDrachtio: 'silence' }],
  ['lwsdisp', '3.1.1.6', 'no blank between a name and <', 200],
  ['longreq', '3.1.1.7', 'long values', letIn, tcp],
  ['dblreq', '3.1.1.8', 'a second request in the datagram, which counts for nothing', noGateway],
  ['semiuri', '3.1.1.9', 'a semicolon in a user', 200],
  ['transports', '3.1.1.10', 'transports that nobody knows', 200],
  ['mpart01', '3.1.1.11', 'a MESSAGE of parts with zero bytes', 405, { onDrachtio: 400 }],
  ['unreason', '3.1.1.12', 'an answer with an unusual phrase', 'silence'],
  ['noreason', '3.1.1.13', 'an answer without a phrase', 'silence'],
  ['badinv01', '3.1.2.1', 'separators that separate nothing', 400, { onDrachtio: 'silence' }],
  ['clerr', '3.1.2.2', 'a Content-Length beyond the datagram', 400],
  ['ncl', '3.1.2.3', 'a negative Content-Length', 400],
  ['scalar02', '3.1.2.4', 'numbers beyond their range', 400, tcp],
  ['scalarlg', '3.1.2.5', 'an answer with numbers beyond their range', 'silence', tcp],
  ['quotbal', '3.1.2.6', 'a quoted string without end', 400],
  ['ltgtruri', '3.1.2.7', '<> around the Request-URI', 400],
  ['lwsruri', '3.1.2.8', 'blanks in the Request-URI', 400, { onDrachtio: 'silence' }],
  ['lwsstart', '3.1.2.9', 'two blanks in the request line', 400],
  ['trws', '3.1.2.10', 'blanks at the end of the request line', 400, tcp],
  ['escruri', '3.1.2.11', 'headers in the Request-URI, which nobody heeds', letIn],
  ['baddate', '3.1.2.12', 'a Date in another time zone than GMT', letIn, { onDrachtio: 400 }],
  ['regbadct', '3.1.2.13', 'a Contact with headers and without <>', noGateway, { onDrachtio: 400 }],
  ['badaspec', '3.1.2.14', 'blanks within <>', 200],
  ['baddn', '3.1.2.15', 'a comma in a name without quotes', 400],
  ['badvers', '3.1.2.16', 'another version of SIP', 505, { onDrachtio: 'silence' }],
  ['mismatch01', '3.1.2.17', 'the CSeq of another method', 400],
  ['mismatch02', '3.1.2.18', 'the CSeq of another method than one that nobody knows', 400],
  ['bigcode', '3.1.2.19', 'an answer with a status beyond its range', 'silence'],
  ['badbranch', '3.2.1', 'a branch of the magic cookie and no more', 200],
  ['insuf', '3.3.1', 'no Call-ID, From and To', 400],
  ['unkscm', '3.3.2', 'a Request-URI of a scheme that nobody knows', 416, tcp],
  ['novelsc', '3.3.3', 'a Request-URI of a scheme that is not of calls', 416, tcp],
  ['unksm2', '3.3.4', 'a To of a scheme that no registrar serves', 400],
  ['bext01', '3.3.5', 'extensions that nobody has', 420, { ...tcp, onDrachtio: 'silence' }],
  ['invut', '3.3.6', 'a body of an unknown type, which is for the gateway to judge', letIn],
  ['regaut01', '3.3.7', 'credentials of an unknown scheme', noGateway, tcp],
  ['multi01', '3.3.8', 'two of what there is one of', 400],
  ['mcl01', '3.3.9', 'two lengths', 400],
  ['bcast', '3.3.10', 'an answer on its way to everybody', 'silence'],
  ['zeromf', '3.3.11', 'no hop left, where it is for us', 200],
  ['cparam01', '3.3.12', 'a parameter of a Contact', noGateway],
  ['cparam02', '3.3.13', 'a parameter of the URI of a Contact', noGateway],
  ['regescrt', '3.3.14', 'a Contact with headers', noGateway],
  ['sdp01', '3.3.15', 'an Accept of an unknown type, which is for the gateway to judge', letIn],
  ['inv2543', '3.4.1', 'an INVITE of RFC 2543, which cannot be called back without a Contact', 400],
];

export const tortureMessages: readonly TortureMessage[] = rows.map(
  ([name, section, what, expected, more = {}]) => ({
    name,
    section,
    what,
    transport: more.transport ?? 'udp',
    expected,
    onDrachtio: more.onDrachtio ?? expected,
    bytes: readFileSync(join(import.meta.dirname, 'messages', `${name}.dat`)),
  }),
);

/** @throws Error where there is none of this name */
export function bytesOf(name: string): Buffer {
  const found = tortureMessages.find((message) => message.name === name);
  if (!found) throw new Error(`RFC 4475 has no ${name}`);
  return found.bytes;
}
