import { newTag } from '../../../../sip/build.ts';
import type { SipRequest, SipResponse } from '../../../../sip/message.ts';
import type { Dialog, Srf } from '../../../../sip-edge/drachtio/srf.ts';
import { unawaited } from '../../../support/unawaited.ts';
import { Peer, PeerDialog, type Protocol } from './peer.ts';
import { join, type UnderTest } from './under-test.ts';

export const offer = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=offer \u00e9\r\nm=audio 4000 RTP/AVP 0\r\n';
export const answer = 'v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=answer \u20ac\r\nm=audio 5000 RTP/AVP 0\r\n';
export const sdp = [['Content-Type', 'application/sdp']] as const;

/** A caller, a callee and the URIs that join them through the server. */
export class Scene {
  readonly server: UnderTest;
  readonly caller: Peer;
  readonly callee: Peer;
  private bridges = false;
  /** Those of the last call that was established. */
  legs: [uas: Dialog, uac: Dialog] | undefined;
  /** The application's legs of each bridged call, caller's first. */
  readonly bridged: [uas: Dialog, uac: Dialog][] = [];

  static async open(server: UnderTest, protocol: Protocol): Promise<Scene> {
    const [caller, callee] = await Promise.all([
      Peer.open(protocol, server.sip),
      Peer.open(protocol, server.sip),
    ]);
    return new Scene(server, caller, callee);
  }

  constructor(server: UnderTest, caller: Peer, callee: Peer) {
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
  outside(): PeerDialog {
    return PeerDialog.caller(this.caller, this.uri);
  }

  dial(
    more: { headers?: readonly (readonly [string, string])[]; body?: string } = { headers: sdp, body: offer },
  ): {
    dialog: PeerDialog;
    invite: SipRequest;
  } {
    const dialog = PeerDialog.caller(this.caller, this.uri);
    return { dialog, invite: dialog.send('INVITE', more) };
  }

  /** The callee takes the INVITE that comes next. */
  async pickUp(more: { body?: string; ring?: boolean } = { body: answer }): Promise<{
    dialog: PeerDialog;
    invite: SipRequest;
    accepted: SipResponse;
  }> {
    const { callee } = this;
    const invite = await callee.request('INVITE');
    const toTag = newTag();
    const headers = [['Contact', `<${callee.contact}>`]] as const;
    if (more.ring) callee.reply(invite, { status: 180, toTag, headers });
    const accepted = callee.reply(invite, {
      status: 200,
      toTag,
      headers: [...headers, ...sdp],
      ...(more.body === undefined ? {} : { body: more.body }),
    });
    return { dialog: PeerDialog.callee(callee, invite, toTag), invite, accepted };
  }

  /** A call that is up on both legs. */
  async establish(): Promise<{
    caller: PeerDialog;
    callee: PeerDialog;
    answer: SipResponse;
    invite: SipRequest;
  }> {
    const { dialog: caller } = this.dial();
    const { dialog: callee, invite } = await this.pickUp();
    const answered = await this.caller.response(caller.callId, 'INVITE', 200);
    caller.acknowledge(answered);
    await this.callee.request('ACK');
    // The application hears of its own 200 when the caller may have it already.
    if (this.bridges)
      await this.caller.until('the legs are joined', () => {
        this.legs = this.bridged.pop();
        return this.legs;
      });
    return { caller, callee, answer: answered, invite };
  }

  async close(): Promise<void> {
    await Promise.all([this.caller.close(), this.callee.close()]);
  }
}
