import type { SipRequest } from '../../sip/message/message.ts';
import { parseSipUri } from '../../sip/uri.ts';
import type {
  EndpointOptions,
  Incoming,
  Protocol,
  ServerTransaction,
  SipEndpoint,
  Target,
} from '../sip-stack/index.ts';
import { createSipEndpoint } from '../sip-stack/index.ts';
import { IncomingCall } from './incoming-call.ts';
import { OutgoingCall, type OutgoingCallOptions } from './outgoing-call.ts';
import { Registration, type RegistrationOptions } from './registration.ts';
import { allowHeader, type Session } from './session.ts';

export interface UserAgentOptions {
  /** The SIP server: an IP address and port. */
  server: { address: string; port: number };
  protocol: Protocol;
  /** Default `127.0.0.1` and any free port. */
  bind?: { address: string; port: number };
  timers?: EndpointOptions['timers'];
  /** Calls from other hosts than the server get 403. */
  onlyFromServer?: boolean;
  /** A call to nobody registered here. Without, such a call gets 404. */
  onCall?(call: IncomingCall): void;
}

type Registered = { registration: Registration; onCall(call: IncomingCall): void };

/**
 * A small SIP user agent on one port: calls both ways with G.711 audio, and any number of registered users, so that
 * hundreds of gateways fit in one process.
 */
export class UserAgent {
  readonly endpoint: SipEndpoint;
  readonly server: Target;
  readonly #address: string;
  readonly #options: UserAgentOptions;
  readonly #users = new Map<string, Registered>();
  /** Answered calls by Call-ID and our tag. */
  readonly #sessions = new Map<string, Session>();

  /** @throws the system's error where the address cannot be bound */
  static async open(options: UserAgentOptions): Promise<UserAgent> {
    const bind = options.bind ?? { address: '127.0.0.1', port: 0 };
    let agent: UserAgent | undefined;
    const endpoint = await createSipEndpoint({
      bind,
      protocols: [options.protocol],
      ...(options.timers && { timers: options.timers }),
      onRequest: (transaction) => agent?.received(transaction),
      onAck: (ack) => agent?.receivedAck(ack),
    });
    agent = new UserAgent(endpoint, options, bind.address);
    return agent;
  }

  private constructor(endpoint: SipEndpoint, options: UserAgentOptions, address: string) {
    this.endpoint = endpoint;
    this.#options = options;
    this.#address = address;
    this.server = { protocol: options.protocol, ...options.server };
  }

  /** @returns the Contact URI of a user here */
  contactOf(username: string): string {
    const { protocol } = this.server;
    return `sip:${username}@${this.endpoint.hostPort(protocol)};transport=${protocol}`;
  }

  /**
   * Makes a user reachable here; `register()` on the result tells the registrar.
   * @param onCall gets the calls to this user
   */
  addUser(
    options: Omit<RegistrationOptions, 'target' | 'contact'>,
    onCall: (call: IncomingCall) => void,
  ): Registration {
    const { username } = options;
    const contact = this.contactOf(username);
    const registration = new Registration(this.endpoint, { ...options, contact, target: this.server });
    this.#users.set(username, { registration, onCall });
    return registration;
  }

  /** Forgets a user; calls in progress go on. */
  removeUser(username: string): void {
    this.#users.get(username)?.registration.stop();
    this.#users.delete(username);
  }

  call(
    options: Omit<OutgoingCallOptions, 'target' | 'contact' | 'address'> & { username?: string },
  ): OutgoingCall {
    const { username = 'caller', ...rest } = options;
    const contact = `<${this.contactOf(username)}>`;
    return new OutgoingCall(this.#host, { ...rest, contact, target: this.server, address: this.#address });
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** Drops everything at once: no BYE, no un-REGISTER. */
  async close(): Promise<void> {
    for (const { registration } of this.#users.values()) registration.stop();
    this.#users.clear();
    for (const session of this.#sessions.values()) session.lost();
    await this.endpoint.close();
  }

  get #host() {
    return {
      endpoint: this.endpoint,
      begun: (session: Session) => void this.#sessions.set(keyOf(session), session),
      ended: (session: Session) => void this.#sessions.delete(keyOf(session)),
    };
  }

  private received(transaction: ServerTransaction): void {
    const { message, envelope } = transaction.incoming;
    if (envelope.toTag !== undefined) {
      const session = this.#sessions.get(`${envelope.callId}|${envelope.toTag}`);
      if (session) session.received(transaction);
      else transaction.reply({ status: 481 });
      return;
    }
    if (message.method === 'OPTIONS') {
      transaction.reply({ status: 200, headers: [allowHeader] });
      return;
    }
    if (message.method !== 'INVITE') {
      transaction.reply({ status: 405, headers: [allowHeader] });
      return;
    }
    const { source } = transaction.incoming;
    if (this.#options.onlyFromServer && source.address !== this.server.address) {
      transaction.reply({ status: 403 });
      return;
    }
    const username = parseSipUri(message.uri)?.user ?? '';
    const onCall = this.#users.get(username)?.onCall ?? this.#options.onCall;
    if (!onCall) {
      transaction.reply({ status: 404 });
      return;
    }
    const contact = `<${this.contactOf(username)}>`;
    onCall(new IncomingCall(this.#host, transaction, contact, this.#address));
  }

  private receivedAck(ack: Incoming<SipRequest>): void {
    this.#sessions.get(`${ack.envelope.callId}|${ack.envelope.toTag ?? ''}`)?.receivedAck(ack);
  }
}

const keyOf = ({ dialog }: Session) => `${dialog.callId}|${dialog.localTag ?? ''}`;
