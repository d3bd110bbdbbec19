/*
 * What the edge says when it takes no request: at its door (admission), and to a REGISTER. One word for each reason
 * serves the Reason header, the log line and docs/outcomes.md, which is made of this table. How a call ended that was
 * let in stands in outcomes.ts: those words have a call record, these have a log line.
 */

export interface Refusal {
  status: number;
  phrase: string;
  /** For people: what was wrong. */
  meaning: string;
  /** Whether the answer carries Retry-After (RFC 3261 20.33). */
  retry?: true;
}

const badRequest = (meaning: string): Refusal => ({ status: 400, phrase: 'Bad Request', meaning });
const forbidden = (meaning: string): Refusal => ({ status: 403, phrase: 'Forbidden', meaning });
const unavailable = (meaning: string): Refusal => ({
  status: 503,
  phrase: 'Service Unavailable',
  meaning,
  retry: true,
});

const table = {
  'bad-call-id': badRequest('No Call-ID, or one longer than 256 characters or with control characters'),
  'bad-from-or-to': badRequest('From or To is missing or cannot be read'),
  'bad-from': badRequest('The URI in From cannot be read'),
  'bad-request-uri': badRequest('The request URI cannot be read'),
  'bad-max-forwards': badRequest('Max-Forwards is no number'),
  'too-many-hops': { status: 483, phrase: 'Too Many Hops', meaning: 'Max-Forwards is 0' },
  'bad-record-route': badRequest('A Record-Route by which nothing could be sent'),
  'too-large': {
    status: 513,
    phrase: 'Message Too Large',
    meaning: 'Longer than 11,000 bytes: drachtio could not pass it on',
  },
  'unknown-method': { status: 501, phrase: 'Not Implemented', meaning: 'A method that SIP does not have' },
  'method-not-allowed': {
    status: 405,
    phrase: 'Method Not Allowed',
    meaning: 'A method that is only taken within a call; Allow names those that are taken outside of one',
  },
  'no-such-dialog': {
    status: 481,
    phrase: 'Call/Transaction Does Not Exist',
    meaning: 'A request that belongs to a call, and the call is over, or not one of this edge, or not named',
  },
  'unsupported-scheme': {
    status: 416,
    phrase: 'Unsupported URI Scheme',
    meaning: 'A request URI other than sip: or sips:',
  },
  'foreign-domain': forbidden('A request URI of another domain or address: nothing is relayed'),
  'not-authorised': forbidden(
    'A From of our own domain from an address that is not trusted, where room systems have no accounts',
  ),
  'wrong-password': forbidden('The digest answer does not fit; ten of them in a minute are a ban'),
  'wrong-username': forbidden('The credentials are not those of the user that the request speaks for'),
  'malformed-credentials': badRequest('The credentials cannot be read'),
  banned: forbidden('Too many wrong passwords for this user, or from this address over a connection'),
  'rate-limited': unavailable('More requests from one address than it may send'),
  'half-open': unavailable(
    'More calls than one address, or all that have acknowledged none yet, may have without an ACK at once',
  ),
  draining: unavailable('The edge takes no new calls: it is being replaced, or an operator drains it'),
  'control-plane-unavailable': unavailable('Functions or table do not answer'),
  overloaded: unavailable(
    'More is to be done than functions and table answer in time; new calls are refused first',
  ),
  'internal-error': {
    status: 500,
    phrase: 'Server Internal Error',
    meaning: 'A defect: the log line has the error',
  },
  'bad-cseq': badRequest('CSeq is missing, too large, or of another method'),
  'bad-to': badRequest('To is missing or cannot be read'),
  'bad-contact': badRequest('A Contact cannot be read, or an INVITE has none to be reached at'),
  'ipv6-contact': badRequest('A gateway would be called by IPv6, which the edges do not speak'),
  'wildcard-without-expires-0': badRequest('Contact: * without Expires: 0 (RFC 3261 10.2.2)'),
  'extension-required': {
    status: 420,
    phrase: 'Bad Extension',
    meaning: 'A request that requires an extension which the edge does not have; Unsupported names it',
  },
  'address-of-record-elsewhere': {
    status: 404,
    phrase: 'Not Found',
    meaning: 'A REGISTER for a user of another domain',
  },
  'no-gateway-name': forbidden(
    'A REGISTER of a name that is not {prefix}.{gatewayName}.{id}, where room systems have no accounts',
  ),
  'session-too-short': {
    status: 422,
    phrase: 'Session Interval Too Small',
    meaning: 'A session timer below 90 s (RFC 4028 4); Min-SE names the least',
  },
  'expires-too-brief': {
    status: 423,
    phrase: 'Interval Too Brief',
    meaning: 'A shorter registration than is granted (minExpiresMode refuse); Min-Expires names the shortest',
  },
  'too-many-contacts': forbidden('More than ten contacts for one gateway'),
  'out-of-order': badRequest('A CSeq that is not above the one before (RFC 3261 10.3 step 7)'),
  'not-its-address': forbidden('A name of a gateway that ECS runs, from where its task does not run'),
  'call-over': forbidden('A late refresh of a gateway whose call is over, for ten minutes'),
} satisfies Record<string, Refusal>;

export type RefusalWord = keyof typeof table;

/** Every word, in the order in which the edge comes to it. */
export const refusals: Readonly<Record<RefusalWord, Refusal>> = table;

/** Why a request gets no answer at all. They stand in the log alone, at level debug. */
export const dropped = {
  scanner: 'A User-Agent of a scanner (SCANNER_AGENTS)',
  banned: 'An address with too many wrong passwords, by UDP',
  flood: 'More than ten times as many requests as an address may send, by UDP',
} as const;

export type DropWord = keyof typeof dropped;
