import { timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { SipMessage, SipRequest } from '../../../sip/message/message.ts';
import type { Target } from '../../sip-stack/index.ts';
import { type Command, encodeFrame, FrameReader, metaFields, parseCommand, WireError } from './wire.ts';

const maxClients = 64;
/** An application that does not read is cut off: what waits for it would grow without end. */
const maxQueuedBytes = 64 * 1024 * 1024;

/** One connection of an application. */
export class AppClient {
  /** For logs. */
  readonly name: string;
  tags: string[] = [];
  authenticated = false;
  /** No message reaches it any more. */
  gone = false;
  private readonly socket: Socket;
  private queued: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    this.name = `${socket.remoteAddress}:${socket.remotePort}`;
  }

  /** A message that the application did not ask for: `sip|…` and the SIP message. */
  notify(fields: string, message: SipMessage): void {
    this.write(encodeFrame(`${crypto.randomUUID()}|${fields}`, message));
  }

  /** The answer to a command. @param fields begin with `OK`, `NO` or `NOK` */
  answer(commandId: string, fields: string, message?: SipMessage): void {
    this.write(encodeFrame(`${crypto.randomUUID()}|response|${commandId}|${fields}`, message));
  }

  /** `OK` and the request as it was sent: drachtio-srf reads Call-ID, From tag, CSeq and Contact from it. */
  confirm(commandId: string, transactionId: string, sent: SipRequest, bytes: number, target: Target): void {
    const meta = metaFields('application', bytes, target.protocol, target);
    this.answer(commandId, `OK|${meta}|${transactionId}|Msg sent:|`, sent);
  }

  /** Writes out what is queued, then closes. */
  close(): void {
    this.flush();
    this.socket.end();
    this.socket.destroySoon();
  }

  private write(bytes: Buffer): void {
    if (this.gone) return;
    // One system call for all that a turn of the event loop brings.
    if (this.queued.length === 0) setImmediate(() => this.flush());
    this.queued.push(bytes);
  }

  private flush(): void {
    const { queued, socket } = this;
    if (queued.length === 0) return;
    this.queued = [];
    if (socket.destroyed) return;
    if (socket.writableLength > maxQueuedBytes) socket.destroy(new Error('application does not read'));
    else socket.write(queued.length === 1 ? (queued[0] as Buffer) : Buffer.concat(queued));
  }
}

export interface AppClientEvents {
  /** A command of an authenticated client other than those of the connection itself. @returns false to close it */
  onCommand(client: AppClient, command: Command): boolean;
  onConnected(client: AppClient): void;
  onGone(client: AppClient, error: Error | undefined): void;
  /** `reason` is for the log. */
  onRefused(client: AppClient, reason: string): void;
}

/** What a connected application is told: `OK|<addresses>|<version>|<local addresses>`. */
export interface Greeting {
  addresses: string;
  version: string;
  localAddresses: string;
}

/**
 * The applications connected: who they are and which SIP methods they take. Unlike in drachtio the secret counts:
 * without it no other command is taken.
 */
export class AppClients {
  readonly address: { address: string; port: number };
  private readonly server: Server;
  private readonly secret: Buffer;
  private readonly events: AppClientEvents;
  private readonly greeting: () => Greeting;
  private readonly clients = new Map<AppClient, Socket>();
  /** By lower-case method; drachtio-srf may ask twice for the same one, which counts once. */
  private readonly routes = new Map<string, { clients: AppClient[]; next: number }>();

  private constructor(server: Server, secret: string, greeting: () => Greeting, events: AppClientEvents) {
    this.server = server;
    this.secret = Buffer.from(secret);
    this.greeting = greeting;
    this.events = events;
    const bound = server.address() as { address: string; port: number };
    this.address = { address: bound.address, port: bound.port };
    server.on('connection', (socket) => this.accept(socket));
  }

  /** @throws the system's error where the address cannot be bound */
  static listen(
    bind: { address: string; port: number },
    secret: string,
    greeting: () => Greeting,
    events: AppClientEvents,
  ): Promise<AppClients> {
    const server = createServer({ noDelay: true, keepAlive: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: bind.address, port: bind.port }, () => {
        server.off('error', reject);
        resolve(new AppClients(server, secret, greeting, events));
      });
    });
  }

  /** @returns the client whose turn it is for this method, or undefined where nobody asked for it */
  pick(method: string): AppClient | undefined {
    const route = this.routes.get(method.toLowerCase());
    if (!route || route.clients.length === 0) return undefined;
    const client = route.clients[route.next % route.clients.length];
    route.next = (route.next + 1) % route.clients.length;
    return client;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.clients.values()) socket.destroy();
    await closed;
  }

  private accept(socket: Socket): void {
    const client = new AppClient(socket);
    if (this.clients.size >= maxClients) {
      this.events.onRefused(client, 'too many applications');
      socket.destroy();
      return;
    }
    this.clients.set(client, socket);
    const reader = new FrameReader();
    let failure: Error | undefined;
    socket.on('data', (chunk) => {
      if (client.gone) return;
      try {
        for (const frame of reader.push(chunk)) if (!this.take(client, parseCommand(frame))) break;
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.events.onRefused(client, error.message);
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      client.gone = true;
      this.clients.delete(client);
      for (const route of this.routes.values()) {
        route.clients = route.clients.filter((other) => other !== client);
      }
      this.events.onGone(client, failure);
    });
  }

  /** @returns false where nothing more is taken from this client */
  private take(client: AppClient, command: Command): boolean {
    if (command.type === 'authenticate') return this.authenticate(client, command);
    if (!client.authenticated) return this.refuse(client, command, 'not authenticated');
    const verb = command.fields[0]?.toLowerCase() ?? '';
    switch (command.type) {
      case 'ping':
        client.answer(command.id, 'OK|pong');
        return true;
      case 'route': {
        const route = this.routes.get(verb) ?? { clients: [], next: 0 };
        if (!/^[a-z:]{1,32}$/.test(verb)) {
          return this.refuse(client, command, 'Route request includes unsupported verb');
        }
        if (!route.clients.includes(client)) route.clients.push(client);
        this.routes.set(verb, route);
        client.answer(command.id, 'OK');
        return true;
      }
      case 'remove_route': {
        const route = this.routes.get(verb);
        if (route) route.clients = route.clients.filter((other) => other !== client);
        client.answer(command.id, 'OK');
        return true;
      }
      default:
        return this.events.onCommand(client, command) || this.refuse(client, command, 'Unknown message type');
    }
  }

  private authenticate(client: AppClient, command: Command): boolean {
    const [given = '', tags = ''] = command.fields;
    const bytes = Buffer.from(given);
    if (bytes.length !== this.secret.length || !timingSafeEqual(bytes, this.secret)) {
      return this.refuse(client, command, 'incorrect secret');
    }
    client.authenticated = true;
    client.tags = tags.split(',').filter((tag) => tag !== '');
    const { addresses, version, localAddresses } = this.greeting();
    client.answer(command.id, `OK|${addresses}|${version}|${localAddresses}`);
    this.events.onConnected(client);
    return true;
  }

  private refuse(client: AppClient, command: Command, reason: string): false {
    client.answer(command.id, `NO|${reason}`);
    this.events.onRefused(client, reason);
    client.close();
    return false;
  }
}
