import type { Envelope, SipMessage, SipParseError } from '../../../sip/message/message.ts';

export type Protocol = 'udp' | 'tcp';

/** An address on the network, IPv6 without brackets. */
export interface Address {
  protocol: Protocol;
  address: string;
  port: number;
}

/** Where a message goes: an address, and the open TCP connection to use for it while that lasts. */
export interface Target extends Address {
  connection?: TcpConnectionRef;
  /** Where an answer goes when its connection is gone. */
  otherwise?: Address;
}

/** A TCP connection as the layers above see it: something to answer on. */
export interface TcpConnectionRef {
  readonly open: boolean;
}

/** A message from the network, with what every layer needs of it. */
export interface Incoming<M extends SipMessage = SipMessage> {
  message: M;
  /** Size of the message as it came. */
  bytes: number;
  envelope: Envelope;
  /** Where it came from; with its connection where it came by TCP. Answers and NATed peers are reached here. */
  source: Target;
  /** The address of ours that it reached. */
  receivedOn: Address;
}

export interface TransportLimits {
  /** Largest message taken, head and body. */
  maxMessageBytes: number;
  /** TCP connections at once, and half as many of one address; further ones are closed. */
  maxConnections: number;
  /** A TCP connection must have brought a whole message after this time, and complete each it begins. */
  messageTimeoutMs: number;
  /** A TCP connection without any traffic is closed after this time. */
  idleTimeoutMs: number;
  /** A TCP peer that does not read: with so many bytes waiting for it the connection is closed. */
  maxQueuedBytes: number;
  connectTimeoutMs: number;
}

export const defaultTransportLimits: TransportLimits = {
  maxMessageBytes: 65_535,
  maxConnections: 10_000,
  messageTimeoutMs: 30_000,
  idleTimeoutMs: 2 * 3600_000,
  maxQueuedBytes: 1024 * 1024,
  connectTimeoutMs: 5_000,
};

export interface TransportEvents {
  onMessage(incoming: Incoming): void;
  /** A packet that is no SIP message. `packet` is bounded by the limits. */
  onMalformed(error: SipParseError, source: Target, receivedOn: Address): void;
  /** A TCP connection is gone; what waits for an answer on it waits in vain. */
  onConnectionClosed(connection: TcpConnectionRef, error: Error | undefined): void;
}

/** Called once: with an error where the message certainly did not leave. */
export type SendResult = (error?: Error) => void;

/** @returns a key for an address within one protocol */
export function addressKey(address: string, port: number): string {
  return `${address}:${port}`;
}
