import type { Logger } from 'pino';
import { formatHostPort } from '../../sip/host-port.ts';
import type { SipMessage } from '../../sip/message/message.ts';
import type { Incoming, Protocol, SipEndpoint } from '../sip-stack/index.ts';
import type { AppClient, AppClients } from './app/app-clients.ts';
import { metaFields } from './app/wire.ts';
import type { DialogTable } from './dialog/dialog-table.ts';

/** What the parts of the server share. */
export interface Core {
  readonly endpoint: SipEndpoint;
  readonly clients: AppClients;
  readonly dialogs: DialogTable;
  readonly log: Logger;
  /** Host for Via and Contact in place of the bound address. */
  readonly advertisedHost: string | undefined;
  readonly limits: ServerLimits;
}

export interface ServerLimits {
  maxDialogs: number;
  /** An INVITE on which the application has not said a word after this time is answered with 500, others are forgotten. */
  pendingMs: number;
  /**
   * Requests of one address on which the application has not said a word. Further ones are forgotten: an application
   * that drops a flood says nothing, and each of its requests would be held for `pendingMs`.
   */
  maxUnheardPerAddress: number;
  /** How long a second of a session timer lasts; tests make it short. */
  sessionSecondMs: number;
}

export const defaultServerLimits: ServerLimits = {
  maxDialogs: 50_000,
  pendingMs: 64_000,
  maxUnheardPerAddress: 1000,
  sessionSecondMs: 1000,
};

/** @returns our Contact as header value, as drachtio writes it */
export function contactFor({ endpoint }: Core, protocol: Protocol): string {
  const hostPort = endpoint.hostPort(protocol);
  return protocol === 'udp' ? `<sip:${hostPort}>` : `<sip:${hostPort};transport=tcp>`;
}

/** @returns `protocol/host:port` of all our sockets, comma-separated */
export function hostPorts({ endpoint, advertisedHost }: Core, of: 'advertised' | 'local'): string {
  return endpoint.addresses
    .map(({ protocol, address, port }) => {
      const host = of === 'advertised' ? (advertisedHost ?? address) : address;
      return `${protocol}/${formatHostPort(host, port)}`;
    })
    .join(',');
}

/**
 * Tells an application of a message from the network.
 * @param transactionId the request's, or that of the application's request that this answers
 * @param dialogId empty for a request outside a dialog, which carries the address it reached us on instead
 */
export function notifyIncoming(
  client: AppClient,
  incoming: Incoming<SipMessage>,
  transactionId: string,
  dialogId: string,
): void {
  const { message, bytes, source, receivedOn } = incoming;
  const meta = metaFields('network', bytes, source.protocol, source);
  const receivedBy = dialogId === '' ? `${receivedOn.address}|${receivedOn.port}|` : '';
  client.notify(`sip|${meta}|${transactionId}|${dialogId}|${receivedBy}`, message);
}
