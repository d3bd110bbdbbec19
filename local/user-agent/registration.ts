import { DigestClient } from '../../sip/digest/client.ts';
import { createRequest, newCallId, newTag } from '../../sip/message/build.ts';
import type { SipResponse } from '../../sip/message/message.ts';
import { parseNameAddr } from '../../sip/name-addr.ts';
import { listOf } from '../../sip/parameters.ts';
import type { SipEndpoint, SipTransactionError, Target } from '../sip-stack/index.ts';

export interface Account {
  username: string;
  domain: string;
  password: string;
}

export interface RegistrationOptions extends Account {
  target: Target;
  /** Contact URI. */
  contact: string;
  /** What is asked for, seconds; the refresh goes by what is granted. Default 60. */
  expiresSec?: number;
  /** Default true. */
  refresh?: boolean;
  /** A refresh (or the first try) came to nothing; it is tried again. */
  onFailure?: ((failure: RegistrationFailure) => void) | undefined;
  /** Each time the registrar has granted. */
  onRegistered?: ((grantedSec: number) => void) | undefined;
}

/** The registrar refused, or did not answer. */
export class RegistrationFailure extends Error {
  override readonly name = 'RegistrationFailure';
  /** Status of the answer, undefined where none came. */
  readonly status: number | undefined;
  readonly response: SipResponse | undefined;

  constructor(message: string, response?: SipResponse) {
    super(message);
    this.status = response?.status;
    this.response = response;
  }
}

/** Of the granted time, when the refresh goes out: as baresip does. */
const refreshAt = 0.9;
const firstRetryMs = 1000;
const lastRetryMs = 30_000;

/** Keeps one Contact registered (RFC 3261 10.2). One Call-ID for its whole life. */
export class Registration {
  readonly callId = newCallId();
  readonly username: string;
  readonly contact: string;

  readonly #endpoint: SipEndpoint;
  readonly #options: RegistrationOptions;
  readonly #digest: DigestClient;
  readonly #tag = newTag();
  #cseq = 0;
  #expiresSec: number;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #stopped = false;

  constructor(endpoint: SipEndpoint, options: RegistrationOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.username = options.username;
    this.contact = options.contact;
    this.#digest = new DigestClient(options);
    this.#expiresSec = options.expiresSec ?? 60;
  }

  /**
   * Registers now, and refreshes from then on.
   * @returns the granted time, seconds
   * @throws RegistrationFailure; where refreshing is on it goes on trying all the same
   */
  async register(): Promise<number> {
    try {
      const response = await this.#send(this.#expiresSec);
      const granted = grantedSec(response, this.contact) ?? this.#expiresSec;
      this.#retryMs = firstRetryMs;
      this.#again(granted * refreshAt * 1000);
      this.#options.onRegistered?.(granted);
      return granted;
    } catch (error) {
      if (!(error instanceof RegistrationFailure)) throw error;
      this.#again(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
      this.#options.onFailure?.(error);
      throw error;
    }
  }

  /** Ends refreshing and removes the Contact. @throws RegistrationFailure */
  async unregister(): Promise<void> {
    this.stop();
    await this.#send(0);
  }

  /** Ends refreshing; the registrar is not told. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #again(inMs: number): void {
    if (this.#stopped || this.#options.refresh === false) return;
    clearTimeout(this.#timer);
    // What it throws has been told to onFailure.
    this.#timer = setTimeout(() => this.register().catch(() => {}), inMs);
  }

  async #send(expiresSec: number): Promise<SipResponse> {
    let asked = expiresSec;
    for (let tries = 1; ; tries++) {
      const response = await this.#once(asked);
      if (response.status < 300) return response;
      if (this.#digest.challenged(response.status, response.headers, tries)) continue;
      const minimum = Number(response.headers.get('min-expires'));
      if (response.status === 423 && asked > 0 && minimum > asked) {
        asked = minimum;
        this.#expiresSec = minimum;
        continue;
      }
      throw new RegistrationFailure(`${response.status} ${response.reason}`, response);
    }
  }

  #once(expiresSec: number): Promise<SipResponse> {
    const { username, domain, target } = this.#options;
    const uri = `sip:${domain}`;
    const request = createRequest({
      method: 'REGISTER',
      uri,
      from: `<sip:${username}@${domain}>;tag=${this.#tag}`,
      to: `<sip:${username}@${domain}>`,
      callId: this.callId,
      cseq: ++this.#cseq,
      headers: [
        ['Contact', `<${this.contact}>;expires=${expiresSec}`],
        ...this.#digest.header('REGISTER', uri),
      ],
    });
    return new Promise((resolve, reject) => {
      this.#endpoint.sendRequest(request, target, {
        onResponse: ({ message }) => {
          if (message.status >= 200) resolve(message);
        },
        onError: (error: SipTransactionError) => reject(new RegistrationFailure(error.message)),
      });
    });
  }
}

/** @returns the seconds granted to our Contact: its own parameter, else the Expires header (RFC 3261 10.2.4) */
function grantedSec({ headers }: SipResponse, contact: string): number | undefined {
  const bindings = listOf(headers.getAll('contact')).map(parseNameAddr);
  const own = bindings.find((binding) => binding?.uri === contact && binding.params.has('expires'));
  const expires = own?.params.get('expires') ?? headers.get('expires');
  return expires === undefined ? undefined : Number(expires);
}
