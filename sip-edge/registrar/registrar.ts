import type { Contact, Hangup, RegisterAnswer, RegisterCommand } from '../../contracts/commands.ts';
import type { CallIdentity } from '../../contracts/common.ts';
import type { RefusalWord } from '../../contracts/refusals.ts';
import { ownCopy } from '../../sip/own-copy.ts';
import type { Admission } from '../admission/admission.ts';
import { LruMap } from '../admission/lru-map.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { peerOf } from '../drachtio/peer.ts';
import { refuse } from '../drachtio/refuse.ts';
import type { Headers, SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import { type Clock, type ControlPlane, ControlPlaneUnavailable, type FactSink, type Log } from '../ports.ts';
import type { Settings } from '../settings.ts';
import type { LogByAddress } from '../telemetry/log-by-address.ts';
import {
  type Bindings,
  bindingHeaders,
  type RegisterRequest,
  type Registrant,
  readBindings,
  readRegistrant,
} from './registration.ts';

export interface RegistrarParts {
  settings: Settings;
  /** Whether endpoints have accounts, and register too. */
  hasEndpoints: boolean;
  controlPlane: Pick<ControlPlane, 'register'>;
  facts: FactSink;
  authenticator: Authenticator;
  admission: Pick<Admission, 'exempt'>;
  clock: Clock;
  log: Log;
  refusals: LogByAddress;
  /** A gateway that started anew has lost its call: the caller's leg is to be ended. */
  onGatewayLost(loss: Hangup): void;
  /** A gateway is there for a call that waits, here or at another edge. */
  onMatched(call: CallIdentity): void;
}

/** More gateways than an edge serves. */
const mostKnown = 50_000;

type Bound = Extract<RegisterAnswer, { result: 'bindings' }>;

/** Answers REGISTER (RFC 3261 10.3). Each request ends in exactly one final answer. */
export class Registrar {
  readonly #parts: RegistrarParts;
  /** Call-IDs of the registrations seen here, by username: one of them comes again with nothing but a later time. */
  readonly #known = new LruMap<string>(mostKnown);

  constructor(parts: RegistrarParts) {
    this.#parts = parts;
  }

  /** Never rejects: what goes wrong becomes a 500 and a log line. */
  async handle(req: SrfRequest, res: SrfResponse): Promise<void> {
    try {
      await this.#handle(req, res);
    } catch (error) {
      this.#refuse(req, res, { word: 'internal-error' }, { error });
    }
  }

  async #handle(req: SrfRequest, res: SrfResponse): Promise<void> {
    const { settings, hasEndpoints, authenticator } = this.#parts;
    const request = registerRequestOf(req);
    const policy = { ...settings, hasEndpoints };
    const registrant = readRegistrant(request, policy);
    if (!registrant.ok) return this.#refuse(req, res, registrant);

    const access = await authenticator.authenticate(req, registrant.value.username);
    if (access.result === 'challenge') {
      this.#parts.log.debug({ callId: req.headers['call-id'], why: access.why }, 'REGISTER challenged');
      return res.send(401, { headers: { 'WWW-Authenticate': access.challenge } });
    }
    if (access.result === 'refused') return this.#refuse(req, res, access);

    const bindings = readBindings(request, policy);
    if (!bindings.ok) return this.#refuse(req, res, bindings);
    if (registrant.value.kind === 'endpoint') return this.#content(res, bindings.value);
    await this.#bind(req, res, registrant.value, bindings.value);
  }

  /** An endpoint is told what it asked for. */
  #content(res: SrfResponse, bindings: Bindings): void {
    const contacts = bindings.kind === 'register' ? bindings.contacts : [];
    const kept = contacts.filter(({ expiresSec }) => expiresSec > 0);
    res.send(200, { headers: bindingHeaders(kept, this.#parts.clock.now()) });
  }

  async #bind(req: SrfRequest, res: SrfResponse, registrant: Registrant, bindings: Bindings): Promise<void> {
    const { controlPlane, settings, clock } = this.#parts;
    let answer: RegisterAnswer;
    try {
      const isKnown = this.#known.get(registrant.username) === registrant.registrationId;
      answer = await controlPlane.register(commandOf(registrant, bindings, req, settings.edgeId, isKnown));
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailable)) throw error;
      const isShed = error.why === 'overloaded' || error.why === 'abandoned';
      if (isShed) return this.#refuse(req, res, { word: 'overloaded' });
      return this.#refuse(req, res, { word: 'control-plane-unavailable' }, { error });
    }
    // The reasons of the control plane are words of the table. An old CSeq is 400, as Kamailio has it: RFC 3261 10.3
    // only says that the request fails.
    if (answer.result === 'refused') return this.#refuse(req, res, { word: answer.reason }, registrant);
    if (bindings.kind === 'register')
      this.#known.set(registrant.username, ownCopy(registrant.registrationId));

    // The fact goes out before the 200: with the 200 the gateway is content, and a fact lost in between would be lost.
    this.#tell(req, registrant, bindings, answer);
    res.send(200, { headers: bindingHeaders(answer.contacts, clock.now()) });
  }

  /** Says what has happened: to the bus, to the log, to the call that has lost its gateway. */
  #tell(req: SrfRequest, { username, registrationId }: Registrant, bindings: Bindings, answer: Bound): void {
    const { facts, log, admission, onGatewayLost, onMatched } = this.#parts;
    const received = peerOf(req);
    const context = { callId: registrationId, username, address: received.address };
    if (bindings.kind !== 'unregister') {
      admission.exempt(received.address, Math.max(0, ...answer.contacts.map(({ expiresSec }) => expiresSec)));
    }
    if (bindings.kind === 'register' && answer.fresh) {
      const contact = preferred(bindings.contacts)?.uri ?? '';
      facts.publish({ type: 'gateway.registered', username, registrationId, contact, received });
      log.info({ ...context, outcome: 'registered', contact }, 'gateway registered');
    }
    if (bindings.kind === 'unregister' && answer.contacts.length === 0) {
      facts.publish({ type: 'gateway.unregistered', username, registrationId });
      log.info({ ...context, outcome: 'unregistered' }, 'gateway unregistered');
    }
    if (answer.lostCallId !== undefined) {
      const cause = bindings.kind === 'unregister' ? 'unregistered' : 'registered anew';
      const call = { callId: answer.lostCallId, traceId: answer.lostTraceId };
      const lost = { ...call, username, cause };
      facts.publish({ type: 'gateway.lost', ...lost });
      log.warn({ ...lost, outcome: 'gateway-lost' }, 'gateway lost its call');
      onGatewayLost({ ...call, gateway: username });
    }
    const { matchedCallId, matchedTraceId } = answer;
    if (matchedCallId !== undefined) onMatched({ callId: matchedCallId, traceId: matchedTraceId });
  }

  #refuse(
    req: SrfRequest,
    res: SrfResponse,
    { word, headers }: { word: RefusalWord; headers?: Headers },
    details: object = {},
  ): void {
    const { address, port, protocol } = peerOf(req);
    const status = refuse(req, res, word, headers);
    const fields = { callId: req.headers['call-id'], outcome: word, status, from: req.headers.from };
    this.#parts.refusals.warn(address, { ...fields, ...details, port, protocol }, 'REGISTER refused');
  }
}

const preferred = (contacts: readonly Contact[]): Contact | undefined =>
  contacts.filter(({ expiresSec }) => expiresSec > 0).sort((a, b) => (b.q ?? 1) - (a.q ?? 1))[0];

const registerRequestOf = (req: SrfRequest): RegisterRequest => ({
  uri: req.uri,
  to: req.headers.to,
  contact: req.headers.contact,
  expires: req.headers.expires,
  require: req.headers.require,
  callId: req.headers['call-id'],
  cseq: req.headers.cseq,
});

function commandOf(
  registrant: Registrant,
  bindings: Bindings,
  req: SrfRequest,
  edgeId: string,
  isKnown: boolean,
): RegisterCommand {
  const { username, registrationId, cseq } = registrant;
  switch (bindings.kind) {
    case 'fetch':
      return { command: 'listBindings', username };
    case 'unregister':
      return {
        command: 'unregisterGateway',
        username,
        registrationId,
        cseq,
        contacts: bindings.contacts,
        received: peerOf(req),
      };
    case 'register':
      return {
        command: 'registerGateway',
        username,
        registrationId,
        cseq,
        contacts: bindings.contacts,
        received: peerOf(req),
        edgeId,
        isKnown,
      };
  }
}
