import type { Address } from '../sip-server.ts';
import { type Caller, IncomingRequest, OutgoingCall, SipDialog } from './dialog.ts';
import type { Content, ReceivedResponse } from './message.ts';
import { type PeerOptions, RawPeer } from './raw-peer.ts';
import type { Transport } from './wire.ts';

/** The SIP peer of the tests: a raw one, with what makes the common flows of a call short. */
export class SipPeer extends RawPeer {
  static async connect(transport: Transport, server: Address, options: PeerOptions = {}): Promise<SipPeer> {
    const peer = new SipPeer(transport, options);
    await peer.open(server);
    return peer;
  }

  /** Sends an INVITE. */
  call(uri: string, content: Content & Caller = {}): OutgoingCall {
    return new OutgoingCall(this, uri, content);
  }

  /** A dialog of which nothing is sent yet. */
  outside(uri: string): SipDialog {
    return SipDialog.outside(this, uri);
  }

  /** @returns the next request of this method */
  async incoming(method: string): Promise<IncomingRequest> {
    return new IncomingRequest(this, await this.request(method));
  }

  /**
   * From now on answers each request of this method at once, with this status.
   * @returns how many it has answered so far, whenever asked
   */
  answers(method: string, status = 200): () => number {
    let answered = 0;
    this.handle(method, (request) => {
      new IncomingRequest(this, request).reply(status);
      answered += 1;
    });
    return () => answered;
  }
}

/** The call is answered, and acknowledged on both sides. @returns the callee's side, its ACK, the caller's 200 */
export async function answerCall(call: OutgoingCall, invite: IncomingRequest, content: Content = {}) {
  const [ack, answer] = await Promise.all([invite.accept(content), call.established()]);
  return { callee: invite.dialog(), ack, answer };
}

/** One side hangs up, the other says 200. @returns the answer to the one that hung up */
export async function hangUp(side: SipDialog, other: SipPeer): Promise<ReceivedResponse> {
  const over = side.bye();
  (await other.incoming('BYE')).reply(200);
  return over;
}
