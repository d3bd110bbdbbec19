import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import DrachtioSrf from 'drachtio-srf';
import { takeBodiesWhole } from './whole-bodies.ts';
import { speakInBytes } from './wire-bytes.ts';

/*
 * drachtio-srf 5.0.29 as its source has it. The typings that it ships lack half of what we use and have the
 * signatures of the rest wrong, so these stand in their place; `createSrf` is the only way in.
 */

export type Headers = Record<string, string>;

export interface NameAddr {
  /** With its quotes, as sent. */
  name?: string;
  uri: string;
  params: Record<string, string | undefined>;
}

export interface SipMessage {
  readonly type: 'request' | 'response' | 'unknown';
  /**
   * Keys in lower case, compact forms in full (but `X-…` and `P-…` as sent); a header that came several times is
   * joined with commas. Cheaper than `get`, which searches all headers and looks at the environment. One character is
   * one byte (wire-bytes.ts): `textOf` reads text.
   */
  readonly headers: Headers;
  /** One character a byte; '' or undefined without one. */
  readonly body: string | undefined;
  readonly raw: string;
  get(header: string): string | undefined;
  has(header: string): boolean;
  /** @throws where the message has no such header, or it cannot be parsed */
  getParsedHeader(header: 'from' | 'to'): NameAddr;
  getParsedHeader(header: 'contact'): NameAddr[];
  getParsedHeader(header: 'cseq'): { seq: number; method: string };
}

interface FromNetwork {
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly stackTime: string;
  readonly stackTxnId: string;
  /** `{Call-ID};from-tag={tag}`; empty for a request outside a dialog. */
  readonly stackDialogId: string;
  readonly socket: Socket;
}

export interface SrfRequest extends SipMessage, FromNetwork, EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly isNewInvite: boolean;
  /** `address:port` on which drachtio took it. */
  readonly receivedOn?: string;
  readonly res: SrfResponse;
  /** Only on a request that we sent. */
  cancel(options?: { headers?: Headers }, callback?: (error: Error | null) => void): void;
  on(event: 'cancel', listener: (cancel: SipMessage) => void): this;
  on(event: 'response', listener: (response: SrfResponse, ack: Acknowledge) => void): this;
  on(event: 'update', listener: (request: SrfRequest, response: SrfResponse) => void): this;
  once(event: 'cancel', listener: (cancel: SipMessage) => void): this;
  once(event: 'response', listener: (response: SrfResponse, ack: Acknowledge) => void): this;
}

/** Sends the ACK (or the PRACK of a reliable provisional); without effect on other responses. */
export type Acknowledge = (options?: { body?: string; headers?: Headers }) => void;

export interface ResponseOptions {
  headers?: Headers;
  body?: string;
}

/** `error` is drachtio's text (not an Error) where it did not send; `sent` is the message as it went out. */
export type SentCallback = (error: unknown, sent?: SipMessage) => void;

export interface SrfResponse extends SipMessage, FromNetwork, EventEmitter {
  readonly status: number;
  readonly reason: string;
  readonly req: SrfRequest;
  readonly finalResponseSent: boolean;
  /** After a final response: does nothing, and tells the callback so. */
  send(status: number, callback?: SentCallback): void;
  send(status: number, options: ResponseOptions, callback?: SentCallback): void;
  send(status: number, reason: string, options?: ResponseOptions, callback?: SentCallback): void;
}

export type DialogRequestEvent = 'modify' | 'info' | 'message' | 'notify' | 'options' | 'refer' | 'update';

export interface InDialogRequest {
  method: string;
  headers?: Headers;
  body?: string;
  /** For a re-INVITE without a body: the response comes with its `ack`, which then carries the answer. */
  noAck?: boolean;
}

export interface Dialog extends EventEmitter {
  /** `{Call-ID};from-tag={tag}`: good for `Srf.request` after a restart of the application. */
  readonly id: string;
  readonly dialogType: string;
  readonly type: 'uac' | 'uas';
  readonly connected: boolean;
  readonly socket: Socket;
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly sip: { callId: string; localTag: string; remoteTag: string };
  readonly local: { uri: string; sdp: string; contact: string };
  readonly remote: { uri: string; sdp: string };
  /** Holds back the requests that come in, until set to false. */
  queueRequests: boolean;
  /** Sends BYE; settles with its answer. */
  destroy(options?: { headers?: Headers }): Promise<SrfRequest>;
  request(options: InDialogRequest): Promise<SrfResponse>;
  request(
    options: InDialogRequest,
    callback: (error: Error | null, response: SrfResponse, ack?: Acknowledge) => void,
  ): this;
  modify(sdp: string): Promise<string>;
  /** The other side hung up, or drachtio ended the dialog (session timer, no ACK): `reason` says which. */
  on(event: 'destroy', listener: (bye: SrfRequest, reason: string) => void): this;
  on(event: 'ack', listener: (ack: SrfRequest) => void): this;
  on(event: 'refresh', listener: (request: SrfRequest) => void): this;
  on(event: DialogRequestEvent, listener: (request: SrfRequest, response: SrfResponse) => void): this;
  once(event: 'destroy', listener: (bye: SrfRequest, reason: string) => void): this;
  once(event: 'ack', listener: (ack: SrfRequest) => void): this;
}

export interface CreateUasOptions {
  localSdp?: string;
  /** Called for the SDP just before the 200 goes out; wins over `localSdp`. */
  body?: string | (() => string | Promise<string>);
  headers?: Headers;
}

export interface CreateUacOptions {
  headers?: Headers;
  localSdp?: string;
  /** Route: where the packet really goes, a SIP URI. */
  proxy?: string;
  /** Late offer: settle with the offer, and leave the ACK to us. */
  noAck?: boolean;
}

/** A late-offer INVITE was answered: `ack(answer)` sends the ACK and makes the dialog. */
export interface UnacknowledgedUac {
  sdp: string;
  ack(localSdp: string): Promise<Dialog>;
  /** ACK, then BYE. */
  destroy(): Promise<void>;
  res: SrfResponse;
}

export interface UacCallbacks {
  /** The INVITE went out (or could not). `request.cancel()` works from here on. */
  cbRequest?: (error: Error | null, request?: SrfRequest) => void;
  cbProvisional?: (response: SrfResponse) => void;
}

export interface OutgoingRequest {
  method: string;
  headers?: Headers;
  body?: string;
  /** Sends within a dialog by its id alone; the URI is then `sip:placeholder`. */
  stackDialogId?: string;
  proxy?: string;
}

export type Middleware = (request: SrfRequest, response: SrfResponse, next: (error?: Error) => void) => void;
export type RequestHandler = (request: SrfRequest, response: SrfResponse) => void;

/** What drachtio-srf keeps in its map of dialogs and hands in-dialog requests to (`Dialog` is one). */
export interface DialogHandler {
  readonly id: string;
  readonly dialogType: string;
  handle(request: SrfRequest, response: SrfResponse): void;
}

export interface ConnectOptions {
  host: string;
  port: number;
  secret: string;
  /** Without `retryMaxDelay` (ms) the pauses grow without limit. */
  reconnect?: { retryMaxDelay?: number; maxAttempts?: number };
  enablePing?: boolean;
  /** Milliseconds, 5000 to 300000. */
  pingInterval?: number;
}

export interface Srf extends EventEmitter {
  connect(options: ConnectOptions): void;
  /** @throws where there is no connection */
  disconnect(): void;
  /** Register all before `connect`: a verb added later sends every route again. */
  use(middleware: Middleware): void;
  use(method: string, middleware: Middleware): void;
  invite(handler: RequestHandler): void;
  register(handler: RequestHandler): void;
  options(handler: RequestHandler): void;
  /** Where the dialog ends by CANCEL the promise rejects with status 487. */
  createUAS(request: SrfRequest, response: SrfResponse, options: CreateUasOptions): Promise<Dialog>;
  createUAC(
    uri: string,
    options: CreateUacOptions & { noAck: true },
    callbacks?: UacCallbacks,
  ): Promise<Dialog | UnacknowledgedUac>;
  createUAC(
    uri: string,
    options: CreateUacOptions & { noAck?: false },
    callbacks?: UacCallbacks,
  ): Promise<Dialog>;
  /**
   * The callback runs before any answer is read from the socket; a promise settles after, so that an answer in
   * the same packet has no listener yet.
   * @throws where there is no connection
   */
  request(
    uri: string,
    options: OutgoingRequest,
    callback: (error: (Error & { code?: string }) | null, request?: SrfRequest) => void,
  ): this;
  /** Settles when drachtio has sent it; the answer comes as 'response' on the request. */
  request(uri: string, options: OutgoingRequest): Promise<SrfRequest>;
  findDialogById(stackDialogId: string): Dialog | undefined;
  /** From here on the requests that come in within that dialog go to its `handle`. */
  addDialog(dialog: DialogHandler): void;
  removeDialog(dialog: Pick<DialogHandler, 'id' | 'dialogType'>): void;
  /**
   * Also on each reconnect. `hostPorts`: `tcp/ip:port,udp/ip:port` as drachtio advertises them, `localHostPorts` as it
   * listens.
   */
  on(
    event: 'connect',
    listener: (
      error: Error | null,
      hostPorts: string,
      serverVersion?: string,
      localHostPorts?: string,
    ) => void,
  ): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'close', listener: () => void): this;
  on(event: 'reconnecting', listener: (attempt: { delay: number; attempt: number }) => void): this;
}

interface SrfConstructor {
  new (): Srf;
}

const Original = DrachtioSrf as unknown as SrfConstructor;

/** @returns an Srf that is not connected yet: register the handlers, then `connect`. */
export function createSrf(): Srf {
  speakInBytes();
  takeBodiesWhole();
  return new Original();
}
