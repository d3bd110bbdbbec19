import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import { parseNameAddr } from '../../sip/name-addr.ts';
import { listOf } from '../../sip/parameters.ts';
import { parseSipUri } from '../../sip/uri.ts';
import type { Incoming, Target } from '../sip-stack/index.ts';

const maxEntries = 50_000;

/**
 * Remembers over which TCP connection each Contact was registered, as drachtio does: a gateway behind a NAT is then
 * reached by its Contact alone, though that leads nowhere.
 */
export class RegisteredConnections {
  private readonly targets = new Map<string, Target>();

  /** An application has answered a REGISTER with 200. */
  note(register: Incoming<SipRequest>, answer: SipResponse): void {
    const { source, message } = register;
    if (source.protocol !== 'tcp') return;
    const granted = new Set(urisOf(answer));
    for (const uri of urisOf(message)) {
      const key = keyOf(uri);
      if (key === undefined) continue;
      if (!granted.has(uri)) this.targets.delete(key);
      else if (this.targets.size < maxEntries || this.targets.has(key)) this.targets.set(key, source);
    }
  }

  /** @returns the open connection behind a Contact */
  find(uri: string): Target | undefined {
    const key = keyOf(uri);
    const target = key === undefined ? undefined : this.targets.get(key);
    if (!target || !key) return undefined;
    if (target.connection?.open) return target;
    this.targets.delete(key);
    return undefined;
  }

  /** Forgets closed connections. */
  sweep(): void {
    for (const [key, target] of this.targets) if (!target.connection?.open) this.targets.delete(key);
  }
}

function urisOf(message: SipRequest | SipResponse): string[] {
  const uris: string[] = [];
  for (const contact of listOf(message.headers.getAll('contact'))) {
    const parsed = contact === '*' ? undefined : parseNameAddr(contact);
    if (parsed && parsed.params.get('expires') !== '0') uris.push(parsed.uri);
  }
  return uris;
}

/** User, host and port; parameters may differ between the REGISTER and the later INVITE. */
function keyOf(uri: string): string | undefined {
  const parsed = parseSipUri(uri);
  return parsed && `${parsed.user ?? ''}@${parsed.host}:${parsed.port ?? ''}`;
}
