import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { SipParseError } from '../../sip/message/message.ts';
import type { EndpointLimits, SipEndpoint, SipTimers } from '../sip-stack/index.ts';
import { createSipEndpoint } from '../sip-stack/index.ts';
import { type AppClient, AppClients } from './app/app-clients.ts';
import { type Command, parseAppMessage } from './app/wire.ts';
import { type Core, defaultServerLimits, hostPorts, type ServerLimits } from './core.ts';
import { DialogTable } from './dialog/dialog-table.ts';
import { RegisteredConnections } from './registered-connections.ts';
import { Uac } from './uac.ts';
import { Uas } from './uas.ts';

/** What applications are told; drachtio-srf wants at least v0.8.2. */
const serverVersion = 'v0.9.10';

const houseKeepingMs = 10_000;

export interface SipServerOptions {
  /** Where applications connect. IP address, port 0 for any free one. */
  admin: { address: string; port: number };
  /** Where SIP is spoken, UDP and TCP on one port. */
  sip: { address: string; port: number };
  /** Applications must give it. */
  secret: string;
  log: Logger;
  /** Host for Via, Contact and the greeting where the bound address is not the one that others reach. */
  externalIp?: string;
  /** For tests: shorter timers. */
  timers?: Partial<SipTimers>;
  limits?: Partial<ServerLimits & EndpointLimits>;
}

export interface SipServer {
  readonly admin: { address: string; port: number };
  readonly sip: { address: string; port: number };
  /** How much is held at the moment. */
  counts(): Record<
    'dialogs' | 'pendingRequests' | 'openRequests' | 'serverTransactions' | 'clientTransactions',
    number
  >;
  close(): Promise<void>;
}

/**
 * Starts the embedded SIP server: drachtio's application protocol to the one side, SIP to the other. It can what a
 * registrar and a back-to-back user agent need. Not: proxying, forking, CDRs, 100rel of callees, TLS.
 *
 * A dialog belongs to the connection of the application that made it, and as in drachtio that never changes. Once
 * that is gone, the peer's requests get 481, and its BYE ends the dialog; but any application that knows the
 * dialog's id can still send within it, and gets the answers. That is how a restarted application takes over. What rang
 * for it rings on, and a 2xx that comes then is told to nobody: any application that knows the ids can answer the one,
 * and CANCEL, or acknowledge and end the other.
 *
 * Where it differs from drachtio, it is to leave nobody waiting:
 * - the secret is demanded;
 * - of an application that says nothing for 64 s, the caller gets 500;
 * - an unknown method gets 501, a request within an unknown dialog always 481;
 * - an answer whose connection is gone goes by a new one to where its Via says (RFC 3261 18.2.2);
 * - a CANCEL that crosses the 200 gets 200 (RFC 3261 9.2);
 * - a registered connection is found by user, host and port of the Contact, and a closed one is not insisted on.
 *
 * @throws the system's error (`EADDRINUSE`, …) where an address cannot be bound
 */
export async function startSipServer(options: SipServerOptions): Promise<SipServer> {
  const { log } = options;
  const advertisedHost = options.externalIp ?? hostBehindWildcard(options.sip.address);
  const registered = new RegisteredConnections();
  const dialogs = new DialogTable();
  let uas: Uas | undefined;
  let uac: Uac | undefined;
  let core: Core | undefined;
  let malformed = 0;
  let lastMalformed = '';

  const endpoint: SipEndpoint = await createSipEndpoint({
    bind: options.sip,
    answerToSource: true,
    ...(advertisedHost === undefined ? {} : { advertisedHost }),
    ...(options.timers ? { timers: options.timers } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    onRequest: (transaction) => (uas ? uas.received(transaction) : void transaction.reply({ status: 503 })),
    onAck: (ack) => uas?.receivedAck(ack),
    onMalformed(error, source) {
      malformed++;
      lastMalformed = `${error.message} (from ${source.address})`;
    },
  });
  const clients = await AppClients.listen(
    options.admin,
    options.secret,
    () => ({
      addresses: core ? hostPorts(core, 'advertised') : '',
      version: serverVersion,
      localAddresses: core ? hostPorts(core, 'local') : '',
    }),
    {
      onCommand: (client, command) =>
        uas !== undefined && uac !== undefined && obey(uas, uac, client, command),
      onConnected: (client) => log.info({ client: client.name, tags: client.tags }, 'application connected'),
      onRefused: (client, reason) => log.warn({ client: client.name, reason }, 'application refused'),
      onGone(client, error) {
        if (client.authenticated)
          log.info({ client: client.name, error: error?.message }, 'application gone');
        for (const dialog of dialogs) if (dialog.owner === client) dialog.owner = undefined;
        uas?.clientGone(client);
      },
    },
  ).catch(async (error: unknown) => {
    await endpoint.close();
    throw error;
  });
  core = {
    endpoint,
    clients,
    dialogs,
    log,
    advertisedHost,
    limits: { ...defaultServerLimits, ...options.limits },
  };
  uas = new Uas(core, (register, answer) => registered.note(register, answer));
  uac = new Uac(core, (uri) => registered.find(uri));

  let refusedBefore = 0;
  const houseKeeping = setInterval(() => {
    registered.sweep();
    // One line for a flood, not one a packet.
    if (malformed > 0) log.warn({ count: malformed, last: lastMalformed }, 'malformed packets');
    malformed = 0;
    const refused = endpoint.counters.refusedFull - refusedBefore;
    refusedBefore = endpoint.counters.refusedFull;
    if (refused > 0) log.warn({ count: refused }, 'requests refused: transactions at their limit');
  }, houseKeepingMs);
  houseKeeping.unref();

  const [first] = endpoint.addresses;
  return {
    admin: clients.address,
    sip: { address: first?.address ?? options.sip.address, port: first?.port ?? options.sip.port },
    counts: () => ({
      dialogs: dialogs.size,
      pendingRequests: uas?.pendingRequests ?? 0,
      openRequests: uac?.openRequests ?? 0,
      serverTransactions: endpoint.openTransactions.server,
      clientTransactions: endpoint.openTransactions.client,
    }),
    async close() {
      clearInterval(houseKeeping);
      await Promise.all([clients.close(), endpoint.close()]);
    },
  };
}

/** @returns an address that others can reach us by where we are bound to all of them, else undefined */
function hostBehindWildcard(bound: string): string | undefined {
  if (bound !== '0.0.0.0' && bound !== '::') return undefined;
  const family = bound === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = all.filter(
    (candidate) => candidate.family === family && !candidate.address.startsWith('fe80:'),
  );
  return (own.find(({ internal }) => !internal) ?? own[0])?.address;
}

/** Does what an application asks for. @returns false for what is no command: its connection is closed */
function obey(uas: Uas, uac: Uac, client: AppClient, command: Command): boolean {
  const { id, type, fields, sip } = command;
  if (type === 'proxy') {
    client.answer(id, 'NOK|proxying is not supported by this server');
    return true;
  }
  if (type !== 'sip' || !sip) return false;
  const [transactionId = '', dialogId = '', route = ''] = fields;
  let message: ReturnType<typeof parseAppMessage>;
  try {
    message = parseAppMessage(sip);
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error;
    client.answer(id, `NOK|invalid message: ${error.message}`);
    return true;
  }
  if (message.kind === 'response') {
    if (transactionId === '') return false;
    uas.answer(client, id, transactionId, message);
  } else if (dialogId !== '') uac.sendInDialog(client, id, dialogId, message);
  else if (transactionId === '') uac.send(client, id, message, route);
  else if (message.method === 'CANCEL') uac.cancel(client, id, transactionId, message);
  else client.answer(id, 'NOK|only CANCEL can name a transaction');
  return true;
}
