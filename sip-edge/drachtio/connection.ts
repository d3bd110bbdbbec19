import { once } from 'node:events';
import type { Log } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { batchWrites } from './batched-writes.ts';
import { keepPendingInvites } from './pending-invites.ts';
import type { Srf } from './srf.ts';
import { type WireListener, watchWire } from './wire-bytes.ts';

const disconnectPatienceMs = 1000;
const routePatienceMs = 1000;

export interface ConnectionListener extends WireListener {
  /** Each time there is a connection, before drachtio has its routes. */
  connected(): void;
  /** It is gone; another is tried for. */
  gone(): void;
}

/** The application's connection to drachtio, which is made anew whenever it is lost. */
export class DrachtioConnection {
  readonly #srf: Srf;
  readonly #settings: Pick<Settings, 'drachtioAddress' | 'drachtioSecret'>;
  readonly #log: Log;

  constructor(srf: Srf, settings: Pick<Settings, 'drachtioAddress' | 'drachtioSecret'>, log: Log) {
    this.#srf = srf;
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Connects, and again whenever the connection is lost.
   * @returns settles on the first connection, with the addresses on which drachtio takes SIP
   */
  open(listener: ConnectionListener): Promise<string> {
    const srf = this.#srf;
    const log = this.#log;
    return new Promise((resolve) => {
      srf.on('error', (error) => log.warn({ event: 'drachtio-error', error }, 'connection to drachtio'));
      srf.on('close', () => {
        listener.gone();
        log.warn({ event: 'drachtio-gone' }, 'the connection to drachtio is gone');
      });
      srf.on('connect', (error, hostPorts) => {
        if (error) {
          log.error({ event: 'drachtio-refused', error }, 'drachtio refused the connection');
          return;
        }
        log.info({ event: 'drachtio-connected', hostPorts }, 'connected to drachtio');
        batchWrites(srf);
        keepPendingInvites(srf);
        listener.connected();
        this.#untilRouted().then(
          () => resolve(hostPorts),
          // The connection is gone again; the next one settles it.
          (failure: unknown) =>
            log.warn({ event: 'drachtio-error', error: failure }, 'no answer from drachtio'),
        );
      });
      const { drachtioAddress, drachtioSecret: secret } = this.#settings;
      srf.connect({ ...drachtioAddress, secret, reconnect: { retryMaxDelay: 1000 } });
      watchWire(srf, listener);
    });
  }

  /** Ends it. @returns settles when drachtio has seen that: until then it gives us requests */
  async close(): Promise<void> {
    const closed = once(this.#srf, 'close', { signal: AbortSignal.timeout(disconnectPatienceMs) });
    try {
      this.#srf.disconnect();
      await closed;
    } catch (error) {
      // There was no connection to end, or the other end does not answer.
      closed.catch(() => {});
      this.#log.debug({ error }, 'not connected');
    }
  }

  /**
   * drachtio-srf says 'connect' when it has sent the routes, not when drachtio has them; until then drachtio says
   * 503 to every request. It takes commands in order, so its answer to a later one tells.
   */
  async #untilRouted(): Promise<void> {
    const patience = AbortSignal.timeout(routePatienceMs);
    const timedOut = once(patience, 'abort');
    const noSuchDialog = { method: 'BYE', stackDialogId: 'none;from-tag=none' };
    const answered = this.#srf.request('sip:placeholder', noSuchDialog).then(
      () => {},
      () => {},
    );
    await Promise.race([answered, timedOut]);
  }
}
