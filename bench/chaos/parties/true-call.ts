import type { SipServer } from '../sip/server.ts';

/** A call as its caller has it. */
export interface TrueCall {
  readonly callId: string;
  /** Call-ID and From tag. */
  readonly leg: string;
  /** Its edge's, which no other has. */
  readonly edgeName: string;
  readonly server: SipServer;
  /** From its edge's application on. */
  traceId?: string;
  /** The caller has heard its 200. */
  answeredAt?: number;
  /** The caller is through with it. */
  endedAt?: number;
  /** What the caller was answered, where it was neither 200 nor what its CANCEL makes of it. */
  refused?: number;
  /** Its gateway was gone without a word. */
  leftAt?: number;
  /** An operator has asked for its end. */
  hangUpAskedAt?: number;
  /** The caller has given up. */
  cancelledAt?: number;
  /** Something of its edge died, or the connection between, before it was over. */
  isTroubled?: boolean;
  /** Its SIP server ended, its edge took what it had to say along, or its caller vanished. */
  isBroken?: boolean;
}
