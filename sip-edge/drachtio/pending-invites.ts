import { tagOf } from '../../sip/name-addr.ts';
import { parseVia } from '../../sip/via.ts';
import type { Srf, SrfRequest, SrfResponse } from './srf.ts';

/*
 * drachtio-srf keeps the INVITEs without a final answer by their Call-ID, one each: of two with the same (a fork, a
 * caller who tries again) only the second is told of a CANCEL, whosever it is, and the answer to one loses the other.
 * Here all are kept. drachtio-srf gets, for a Call-ID, what passes an event on to the INVITE that it is of.
 */

interface Pending {
  readonly req: SrfRequest;
  readonly res: SrfResponse;
}

/** The part of a request that drachtio-srf uses on what it has kept. */
type Passes = Pick<SrfRequest, 'emit' | 'listenerCount'>;

interface Agent {
  puntUpTheMiddleware?(...requestAndResponse: unknown[]): void;
}

interface Insides {
  app?: { client?: { mapServer?: Map<unknown, { pendingNetworkInvites?: object }> } };
}

/** What a CANCEL has in common with its INVITE alone: the branch of the top Via (RFC 3261 9.1). */
function branchOf({ headers }: SrfRequest): string | undefined {
  return parseVia(headers.via ?? '')?.params.get('branch');
}

/** What other requests have in common with it: their early dialog. */
function fromTagOf({ headers }: SrfRequest): string | undefined {
  return tagOf(headers.from ?? '');
}

class PendingInvites {
  readonly #pending = new Map<string, Set<Pending>>();
  readonly #cancelled = new WeakSet<Pending>();

  /** How many Call-IDs there are. */
  get size(): number {
    return this.#pending.size;
  }

  has(callId: string): boolean {
    return this.#pending.has(callId);
  }

  set(callId: string, invite: Pending): void {
    const others = this.#pending.get(callId);
    if (others === undefined) this.#pending.set(callId, new Set([invite]));
    else others.add(invite);
  }

  get(callId: string): { req: Passes } | undefined {
    const invites = this.#pending.get(callId);
    return invites && { req: this.#passTo([...invites]) };
  }

  /** drachtio-srf means the INVITE that it has just answered or told of its CANCEL. */
  delete(callId: string): void {
    const invites = this.#pending.get(callId);
    if (invites === undefined) return;
    for (const one of invites) {
      // The status stands before the answer goes out, and `finalResponseSent` only after.
      if (one.res.status >= 200 || this.#cancelled.has(one)) invites.delete(one);
    }
    if (invites.size === 0) this.#pending.delete(callId);
  }

  #passTo(invites: readonly Pending[]): Passes {
    return {
      listenerCount: (event) => Math.max(...invites.map(({ req }) => req.listenerCount(event))),
      emit: (event, message: SrfRequest, ...more: unknown[]) => {
        const idOf = event === 'cancel' ? branchOf : fromTagOf;
        const id = idOf(message);
        const one = invites.find(({ req }) => idOf(req) === id);
        if (one && event === 'cancel') this.#cancelled.add(one);
        if (one?.req.emit(event, message, ...more)) return true;
        // An UPDATE of another dialog with that Call-ID goes the way of all requests.
        if (event === 'update') punt(message, ...more);
        return false;
      },
    };
  }
}

function punt(request: SrfRequest, ...response: unknown[]): void {
  const { agent } = request as unknown as { agent?: Agent };
  agent?.puntUpTheMiddleware?.(request, ...response);
}

/** @param srf connected; to be called again after each reconnect */
export function keepPendingInvites(srf: Srf): void {
  // These are insides of drachtio-srf, as in batched-writes.ts.
  const connections = (srf as unknown as Insides).app?.client?.mapServer?.values() ?? [];
  for (const connection of connections) {
    if (connection.pendingNetworkInvites) connection.pendingNetworkInvites = new PendingInvites();
  }
}
