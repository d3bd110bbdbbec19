import type { SipResponse } from '../../../../sip/message/message.ts';
import type { Dialog, Srf } from '../../../../sip-edge/drachtio/srf.ts';
import type { IncomingRequest, OutgoingCall, SipDialog } from '../../../support/sip-peer/dialog.ts';
import type { Content, ReceivedResponse } from '../../../support/sip-peer/message.ts';
import { SipPeer } from '../../../support/sip-peer/peer.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import { unawaited } from '../../../support/unawaited.ts';
import { until } from '../../../support/until.ts';
import { join, type UnderTest } from './under-test.ts';

export const offer = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=offer\r\nm=audio 4000 RTP/AVP 0\r\n';
export const answer = 'v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=answer\r\nm=audio 5000 RTP/AVP 0\r\n';

/** A caller, a callee and the URIs that join them through the server. */
export class Scene {
  readonly server: UnderTest;
  readonly caller: SipPeer;
  readonly callee: SipPeer;
  private bridges = false;
  /** Those of the last call that was established. */
  legs: [uas: Dialog, uac: Dialog] | undefined;
  /** The application's legs of each bridged call, caller's first. */
  readonly bridged: [uas: Dialog, uac: Dialog][] = [];

  static async open(server: UnderTest, transport: Transport): Promise<Scene> {
    const [caller, callee] = await Promise.all([
      SipPeer.connect(transport, server.sip),
      SipPeer.connect(transport, server.sip),
    ]);
    return new Scene(server, caller, callee);
  }

  constructor(server: UnderTest, caller: SipPeer, callee: SipPeer) {
    this.server = server;
    this.caller = caller;
    this.callee = callee;
  }

  /** Any user at the server. */
  get uri(): string {
    return `sip:room@${this.server.sip.host}:${this.server.sip.port}`;
  }

  /** A handler for INVITEs that calls the callee and bridges the two by drachtio-srf's own means. */
  bridge(srf: Srf): void {
    this.bridges = true;
    srf.invite(
      unawaited(async (request, response) => {
        try {
          const uac = await srf.createUAC(this.callee.contact, { localSdp: request.body ?? '' });
          const uas = await srf.createUAS(request, response, { localSdp: uac.remote.sdp });
          join(uas, uac);
          this.bridged.push([uas, uac]);
        } catch (error) {
          const { status } = error as { status?: number };
          if (!response.finalResponseSent) response.send(status ?? 500);
        }
      }),
    );
  }

  /** What the caller would send from, without sending anything yet. */
  outside(): SipDialog {
    return this.caller.outside(this.uri);
  }

  dial(content: Content = { body: offer }): OutgoingCall {
    return this.caller.call(this.uri, content);
  }

  /** The callee takes the INVITE that comes next. */
  async pickUp(content: Content = { body: answer }): Promise<{
    dialog: SipDialog;
    invite: IncomingRequest;
    accepted: SipResponse;
  }> {
    const invite = await this.callee.incoming('INVITE');
    const accepted = invite.reply(200, content);
    return { dialog: invite.dialog(), invite, accepted };
  }

  /** A call that is up on both legs. */
  async establish(): Promise<{
    caller: SipDialog;
    callee: SipDialog;
    answer: ReceivedResponse;
    invite: IncomingRequest;
  }> {
    const call = this.dial();
    const { dialog: callee, invite } = await this.pickUp();
    const answered = await call.established();
    await this.callee.request('ACK');
    if (this.bridges) this.legs = await this.joined();
    return { caller: call.dialog, callee, answer: answered, invite };
  }

  /** @returns the legs of the bridged call: the application hears of its own 200 when the caller may have it already */
  joined(): Promise<[uas: Dialog, uac: Dialog]> {
    return until('the legs are joined', () => this.bridged.pop());
  }

  async close(): Promise<void> {
    await Promise.all([this.caller.close(), this.callee.close()]);
  }
}
