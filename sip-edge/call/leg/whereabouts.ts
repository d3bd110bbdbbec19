import { parseSipUri } from '../../../sip/uri.ts';
import { peerOf, udpRoute } from '../../drachtio/peer.ts';
import type { SrfRequest } from '../../drachtio/srf.ts';

/** Where a request of its own goes. */
export interface Place {
  /** Request-URI. */
  readonly uri: string;
  /** Where the packets go, in place of what the URI says. */
  readonly proxy?: string | undefined;
}

const defaultPort = 5060;

/** @returns whether a URI names the same host and port as another */
function isAt(uri: string, other: string): boolean {
  const [a, b] = [parseSipUri(uri), parseSipUri(other)];
  return a !== undefined && a.host === b?.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}

/**
 * Where the peer of a dialog is, by its Contact and by where it sends from. drachtio 0.9.10 sends what is within a dialog to
 * where a UDP peer was at first, although it has named another Contact since (RFC 3261 12.2.1.2), or its NAT has given it
 * another port.
 */
export class Whereabouts {
  #contact: string | undefined;
  #route: string | undefined;

  /** The Contact that the peer named last, after the dialog began. */
  get contact(): string | undefined {
    return this.#contact;
  }

  /** @param contact URI of the Contact of a request or answer that was accepted */
  refreshed(contact: string): void {
    this.#contact = contact;
  }

  /** @param request of the peer, or one that drachtio made up, which has no source */
  heard(request: SrfRequest): void {
    if (request.source === 'network') this.#route = udpRoute(peerOf(request));
  }

  /** @param first where the peer was as the dialog began. @returns where it is now */
  now(first: Place): Place {
    return this.movedFrom(first) ?? { uri: this.#contact ?? first.uri, proxy: first.proxy };
  }

  /** @param first where the peer was as the dialog began. @returns where it is now, where drachtio would look elsewhere */
  movedFrom(first: Place): Place | undefined {
    const { uri, proxy } = first;
    if (proxy === undefined) return undefined;
    const contact = this.#contact ?? uri;
    if (this.#route !== undefined && this.#route !== proxy) return { uri: contact, proxy: this.#route };
    // Behind a NAT it is where it sends from, whatever it names.
    return isAt(uri, proxy) && !isAt(contact, uri) ? { uri: contact } : undefined;
  }
}
