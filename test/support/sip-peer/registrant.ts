import { type DigestAlgorithm, parseAuthSets } from '../../../sip/digest/auth-params.ts';
import { bestChallenge, type Challenge, digestAnswer } from '../../../sip/digest/client.ts';
import { newCallId, newTag } from '../../../sip/message/build.ts';
import { parseNameAddrs } from '../../../sip/name-addr.ts';
import type { Fields, ReceivedResponse } from './message.ts';
import type { RawPeer } from './raw-peer.ts';

export interface RegisterOptions {
  /** None: fetches what is registered. Default: the peer's. */
  contact?: string | readonly string[] | undefined;
  expires?: string;
  headers?: Fields;
  password?: string;
  uri?: string;
  to?: string;
  cseq?: number;
  algorithm?: DigestAlgorithm;
}

export interface Account {
  username: string;
  domain: string;
  password: string;
}

/** Registers by hand, step by step: it counts its CSeq, and answers challenges. */
export class Registrant {
  readonly peer: RawPeer;
  readonly username: string;
  readonly callId = newCallId();
  readonly aor: string;
  readonly contact: string;
  /** That of the last 401. */
  challenge: Challenge | undefined;
  readonly #account: Account;
  readonly #tag = newTag();
  #cseq = 0;
  #nonceCount = 0;

  constructor(peer: RawPeer, account: Account) {
    this.peer = peer;
    this.#account = account;
    this.username = account.username;
    this.aor = `<sip:${account.username}@${account.domain}>`;
    this.contact = `<${peer.contactOf(account.username)}>`;
  }

  get #uri(): string {
    return `sip:${this.#account.domain}`;
  }

  /** Sends one REGISTER. @param authorization value of the header, if any */
  send(options: RegisterOptions = {}, authorization?: string): Promise<ReceivedResponse> {
    this.#cseq = options.cseq ?? this.#cseq + 1;
    return this.peer.ask({
      method: 'REGISTER',
      uri: options.uri ?? this.#uri,
      from: `${this.aor};tag=${this.#tag}`,
      to: options.to ?? this.aor,
      callId: this.callId,
      cseq: this.#cseq,
      headers: {
        Contact: 'contact' in options ? options.contact : this.contact,
        Expires: options.expires,
        Authorization: authorization,
        ...options.headers,
      },
    });
  }

  /** @returns an Authorization for the next REGISTER, by the last challenge */
  answer({ password, uri }: RegisterOptions = {}): string {
    if (this.challenge === undefined) throw new Error('no challenge to answer');
    this.#nonceCount += 1;
    return digestAnswer({
      challenge: this.challenge,
      username: this.username,
      password: password ?? this.#account.password,
      method: 'REGISTER',
      uri: uri ?? this.#uri,
      nonceCount: this.#nonceCount,
    });
  }

  /** Takes the challenge of this algorithm. @throws Error where the answer has none */
  takeChallenge(answer: ReceivedResponse, algorithm: DigestAlgorithm = 'SHA-256'): void {
    const header = answer.status === 407 ? 'proxy-authenticate' : 'www-authenticate';
    const offered = answer.headers.getAll(header).map((line) => bestChallenge([line]));
    this.challenge = offered.find((one) => one?.algorithm === algorithm);
    if (this.challenge === undefined) throw new Error(`no ${algorithm} challenge in:\n${answer.raw}`);
    this.#nonceCount = 0;
  }

  /** Registers as a user agent does: asks, is challenged, answers. */
  async register(options: RegisterOptions = {}): Promise<ReceivedResponse> {
    const asked = await this.send(options);
    if (asked.status !== 401) return asked;
    this.takeChallenge(asked, options.algorithm);
    return this.send(options, this.answer(options));
  }
}

/** The parameters of one WWW- or Proxy-Authenticate value. */
export const challengeParams = (line: string): Record<string, string> =>
  Object.fromEntries(parseAuthSets(line)?.[0]?.params ?? []);

/** The contacts of a 200: URI to seconds. */
export function bindingsOf(answer: ReceivedResponse): Record<string, number> {
  const contacts = answer.headers.getAll('contact').flatMap((line) => parseNameAddrs(line, 20) ?? []);
  return Object.fromEntries(contacts.map(({ uri, params }) => [uri, Number(params.get('expires'))]));
}
