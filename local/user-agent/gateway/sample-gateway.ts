import type { IncomingCall } from '../incoming-call.ts';
import type { MediaSource } from '../media/media.ts';
import type { Account, Registration, RegistrationOptions } from '../registration.ts';
import type { Session } from '../session.ts';
import type { UserAgent } from '../user-agent.ts';

export interface SampleGatewayOptions extends Account {
  /** `stop`: un-REGISTERs after its first call; `reuse`: serves the next. */
  afterCall: 'stop' | 'reuse';
  /** Default `echo`, as the baresip gateway does. */
  media?: MediaSource;
  /** Default 60. */
  expiresSec?: number;
  /** Default true. */
  refresh?: boolean;
  onRegistered?: RegistrationOptions['onRegistered'];
  onFailure?: RegistrationOptions['onFailure'];
  onCall?(call: IncomingCall): void;
  /** A second call came while one rings or goes on; it is rejected. */
  onBusy?(call: IncomingCall): void;
  onAnswered?(session: Session): void;
  /** A call could not be answered for want of an audio port; it got 500. */
  onError?(error: Error): void;
}

/** Why a gateway has ended. */
export type GatewayEnd = 'call-over' | 'stopped';

/**
 * A gateway of the same behaviour as gateway/entrypoint.sh: registers, answers one call at a time, and ends after it.
 * Many may share one user agent.
 */
export class SampleGateway {
  readonly registration: Registration;
  /** When it has un-REGISTERed, or given up trying to. */
  readonly ended: Promise<GatewayEnd>;

  readonly #agent: UserAgent;
  readonly #options: SampleGatewayOptions;
  #session: Session | undefined;
  #ringing = false;
  #ending = false;
  #settleEnded: (end: GatewayEnd) => void = () => {};

  constructor(agent: UserAgent, options: SampleGatewayOptions) {
    this.#agent = agent;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.registration = agent.addUser(options, (call) => void this.#called(call));
  }

  /** @throws RegistrationFailure (it goes on trying) */
  async start(): Promise<void> {
    await this.registration.register();
  }

  /** Ends the call in progress, un-REGISTERs. */
  async stop(): Promise<void> {
    // The call's own end would end the gateway, too: the first of the two wins.
    const ending = this.#end('stopped');
    await this.#session?.hangUp();
    await ending;
  }

  async #called(call: IncomingCall): Promise<void> {
    if (this.#ending || this.#ringing || this.#session) {
      if (!this.#ending) this.#options.onBusy?.(call);
      call.reject(486);
      return;
    }
    this.#ringing = true;
    this.#options.onCall?.(call);
    call.ring();
    const session = await this.#answer(call);
    this.#ringing = false;
    // Given up before the answer: no call, so it serves the next.
    if (!session) return;
    this.#session = session;
    this.#options.onAnswered?.(session);
    await session.ended;
    this.#session = undefined;
    if (this.#options.afterCall === 'stop') await this.#end('call-over');
  }

  async #answer(call: IncomingCall): Promise<Session | undefined> {
    try {
      return await call.answer(this.#options.media ?? 'echo');
    } catch (error) {
      call.reject(500);
      this.#options.onError?.(error as Error);
      return undefined;
    }
  }

  async #end(why: GatewayEnd): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    try {
      await this.registration.unregister();
    } catch (error) {
      // The edge may be gone, or have forgotten this gateway already; its row ends by itself.
      this.#options.onFailure?.(error as Parameters<NonNullable<RegistrationOptions['onFailure']>>[0]);
    }
    this.#agent.removeUser(this.#options.username);
    this.#settleEnded(why);
  }
}
