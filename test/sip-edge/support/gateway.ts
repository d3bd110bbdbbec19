import { domain, password } from './edge.ts';
import { answerTo, parseChallenge, type SipClient, type SipReply, unique } from './sip-client.ts';

export interface RegisterOptions {
  contact?: string | undefined;
  expires?: string;
  headers?: Record<string, string>;
  password?: string;
  uri?: string;
  to?: string;
  cseq?: number;
  /** Overrides of the Authorization's parameters. */
  lies?: Record<string, string>;
  algorithm?: 'SHA-256' | 'MD5';
}

/** A gateway that registers by hand: it counts its CSeq, and answers each challenge. */
export class TestGateway {
  readonly client: SipClient;
  readonly username: string;
  readonly callId = unique('registration');
  readonly aor: string;
  readonly contact: string;
  challenge: Record<string, string> = {};
  #cseq = 0;
  #nonceCount = 0;

  constructor(client: SipClient, username = `${unique('h')}.mediagw.1`) {
    this.client = client;
    this.username = username;
    this.aor = `<sip:${username}@${domain}>`;
    const transport = client.transport === 'tcp' ? ';transport=tcp' : '';
    this.contact = `<sip:${username}@127.0.0.1:${client.port}${transport}>`;
  }

  get cseq(): number {
    return this.#cseq;
  }

  /** Sends one REGISTER. @param authorization value of the header, if any */
  async send(options: RegisterOptions = {}, authorization?: string): Promise<SipReply> {
    this.#cseq = options.cseq ?? this.#cseq + 1;
    const contact = 'contact' in options ? options.contact : this.contact;
    return this.client.request({
      method: 'REGISTER',
      uri: options.uri ?? `sip:${domain}`,
      from: this.aor,
      to: options.to ?? this.aor,
      callId: this.callId,
      cseq: this.#cseq,
      headers: {
        ...(contact !== undefined && { Contact: contact }),
        ...(options.expires !== undefined && { Expires: options.expires }),
        ...(authorization !== undefined && { Authorization: authorization }),
        ...options.headers,
      },
    });
  }

  /** An Authorization for the next REGISTER, by the last challenge. */
  answer(options: RegisterOptions = {}): string {
    this.#nonceCount += 1;
    return answerTo(this.challenge, {
      username: this.username,
      password: options.password ?? password,
      method: 'REGISTER',
      uri: options.uri ?? `sip:${domain}`,
      nonceCount: this.#nonceCount,
      ...(options.lies && { lies: options.lies }),
    });
  }

  takeChallenge(reply: SipReply, algorithm: 'SHA-256' | 'MD5' = 'SHA-256'): void {
    const offered = reply.all('WWW-Authenticate').map(parseChallenge);
    this.challenge = offered.find((one) => one.algorithm === algorithm) ?? {};
    this.#nonceCount = 0;
  }

  /** Registers as a user agent does: asks, is challenged, answers. */
  async register(options: RegisterOptions = {}): Promise<SipReply> {
    const asked = await this.send(options);
    if (asked.status !== 401) return asked;
    this.takeChallenge(asked, options.algorithm);
    return this.send(options, this.answer(options));
  }
}

/** The contacts of a 200, URI → seconds. */
export function bindingsOf(reply: SipReply): Record<string, number> {
  const contacts = reply.all('Contact').flatMap((value) => value.split(/,\s*(?=<)/));
  return Object.fromEntries(
    contacts.map((contact) => {
      const [, uri = '', seconds = ''] = /<([^>]*)>.*expires=(\d+)/.exec(contact) ?? [];
      return [uri, Number(seconds)];
    }),
  );
}
