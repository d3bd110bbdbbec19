import type { DropWord, RefusalWord } from '../../contracts/refusals.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { forgetRequest } from '../drachtio/forget-request.ts';
import { peerOf } from '../drachtio/peer.ts';
import { refuse } from '../drachtio/refuse.ts';
import type { Headers, SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import type { Log, Meter } from '../ports.ts';
import type { LogByAddress } from '../telemetry/log-by-address.ts';
import { type CheckPolicy, checkRequest, type IncomingRequest } from './check.ts';
import type { AddressLimits } from './limits.ts';

export interface AdmissionParts {
  policy: CheckPolicy;
  limits: AddressLimits;
  authenticator: Authenticator;
  /** Whether endpoints have accounts: who shows no credentials is then asked for them. */
  hasEndpoints: boolean;
  isTrusted(address: string): boolean;
  log: Log;
  refusals: LogByAddress;
  meter: Meter;
}

/** Middleware before every handler. It lets through what is for our domain, within the limits, and authenticated. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** A gateway registered from there. @param seconds how long its registration holds */
  exempt(address: string, seconds: number): void {
    this.#parts.limits.exempt(address, seconds);
  }

  /** Requests inside a dialog never come here: drachtio-srf gives them to the dialog first. */
  handle(req: SrfRequest, res: SrfResponse, next: (error?: Error) => void): void {
    // An ACK is never answered.
    if (req.method === 'ACK') {
      next();
      return;
    }
    if (!this.#isInMeasure(req, res)) return;
    // Passed on within this turn: drachtio may have sent INVITE and CANCEL together, and whoever takes the
    // INVITE must be listening when the CANCEL is read.
    const checked = checkRequest(incomingOf(req), this.#parts.policy);
    if (checked.result === 'drop') this.#drop(req, checked.word);
    else if (checked.result === 'refuse') this.#refuse(req, res, checked.word, checked.headers);
    else if (checked.result === 'pass' || this.#parts.isTrusted(req.source_address)) next();
    else this.#admitOwnUser(req, res, checked.username, next);
  }

  #isInMeasure(req: SrfRequest, res: SrfResponse): boolean {
    const { limits, isTrusted } = this.#parts;
    const address = req.source_address;
    if (isTrusted(address)) return true;
    const measure = limits.isBanned(address) ? 'banned' : limits.take(address);
    if (measure === 'ok') return true;
    // An answer over a connection goes to who sent the request, and lets drachtio forget it: with each that waits for one,
    // it keeps a copy of what it had read behind it.
    if (measure !== 'over' && req.protocol === 'udp') this.#drop(req, measure);
    else this.#refuse(req, res, measure === 'banned' ? 'banned' : 'rate-limited');
    return false;
  }

  /**
   * A From of our own domain needs its user's credentials. Without any it is refused where nobody but gateways has
   * some, since gateways do not call; else it is asked for them, whether there is such a user or not.
   */
  #admitOwnUser(req: SrfRequest, res: SrfResponse, username: string, next: () => void): void {
    if (!this.#parts.hasEndpoints && req.headers['proxy-authorization'] === undefined) {
      this.#refuse(req, res, 'not-authorised');
      return;
    }
    // drachtio answers a CANCEL and its INVITE (487) by itself: there is then nothing left to admit.
    let isCancelled = false;
    req.once('cancel', () => {
      isCancelled = true;
    });
    this.#parts.authenticator.authenticate(req, username).then(
      (access) => {
        if (isCancelled) return;
        if (access.result === 'granted') next();
        else if (access.result === 'refused') this.#refuse(req, res, access.word);
        else res.send(407, { headers: { 'Proxy-Authenticate': access.challenge } });
      },
      (error: unknown) => this.#fail(req, res, error),
    );
  }

  #drop(req: SrfRequest, word: DropWord): void {
    // At debug: a line for each packet of a flood would be a flood of log lines.
    this.#parts.log.debug(fieldsOf(req, word), 'request dropped');
    forgetRequest(req);
  }

  #refuse(req: SrfRequest, res: SrfResponse, word: RefusalWord, headers?: Headers): void {
    if (req.method === 'INVITE') this.#parts.meter.count('RefusedInvites');
    const status = refuse(req, res, word, headers);
    this.#parts.refusals.warn(req.source_address, { ...fieldsOf(req, word), status }, 'request refused');
  }

  #fail(req: SrfRequest, res: SrfResponse, error: unknown): void {
    this.#parts.log.error({ ...fieldsOf(req, 'internal-error'), error }, 'admission failed');
    refuse(req, res, 'internal-error');
  }
}

const fieldsOf = (req: SrfRequest, outcome: DropWord | RefusalWord) => ({
  callId: req.headers['call-id'],
  outcome,
  method: req.method,
  uri: req.uri,
  ...peerOf(req),
});

function incomingOf(req: SrfRequest): IncomingRequest {
  return { method: req.method, uri: req.uri, headers: req.headers, size: req.raw.length };
}
