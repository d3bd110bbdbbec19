import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { CallSettings } from '../../../../sip-edge/call/call.ts';
import { eventually } from '../../../support/eventually.ts';
import type { Caller, IncomingRequest, OutgoingCall, SipDialog } from '../../../support/sip-peer/dialog.ts';
import type { Content } from '../../../support/sip-peer/message.ts';
import { answerCall, hangUp, SipPeer } from '../../../support/sip-peer/peer.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import type { SipServer } from '../../../support/sip-server.ts';
import { TestControlPlane, type TestWorld } from '../../support/control-plane.ts';
import { startTestEdge, type TestEdge } from './edge.ts';

export const offer =
  'v=0\r\no=caller 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n';
export const answer =
  'v=0\r\no=gateway 2 2 IN IP4 127.0.0.1\r\ns=é\r\nm=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\n';

/** A caller or a gateway. What it was sent twice over UDP counts once. */
export const openPeer = (transport: Transport, server: SipServer, name: string): Promise<SipPeer> =>
  SipPeer.connect(transport, server.sip, { name, absorbsRepeats: true });

/** A gateway takes the CANCEL of an INVITE, and gives it up. @returns the CANCEL */
export async function takeCancel(gateway: SipPeer, invite: IncomingRequest): Promise<IncomingRequest> {
  const cancel = await gateway.incoming('CANCEL');
  cancel.reply(200);
  invite.reply(487);
  await invite.ack();
  return cancel;
}

/** A caller, some gateways, and an edge between them. */
export class Scene<World extends TestWorld = TestControlPlane> {
  readonly server: SipServer;
  readonly world: World;
  readonly caller: SipPeer;
  readonly gateways: SipPeer[];
  edge: TestEdge;

  /** With the control plane in memory. */
  static open(server: SipServer, options: SceneOptions = {}): Promise<Scene> {
    return Scene.openIn(new TestControlPlane('edge-1'), server, options);
  }

  static async openIn<World extends TestWorld>(
    world: World,
    server: SipServer,
    { transport = 'udp', gateways = 1, settings = {} }: SceneOptions = {},
  ): Promise<Scene<World>> {
    const edge = await startTestEdge(server, world, settings);
    const names = Array.from({ length: gateways }, (_, index) => `10.0.0.${index + 1}.mediagw.0`);
    const [caller, ...peers] = await Promise.all(
      ['ann', ...names].map((name) => openPeer(transport, server, name)),
    );
    for (const peer of peers) await world.add(peer);
    return new Scene(server, world, caller as SipPeer, peers, edge);
  }

  constructor(server: SipServer, world: World, caller: SipPeer, gateways: SipPeer[], edge: TestEdge) {
    this.server = server;
    this.world = world;
    this.caller = caller;
    this.gateways = gateways;
    this.edge = edge;
  }

  get gateway(): SipPeer {
    return this.gateways[0] as SipPeer;
  }

  /** The request URI of a room (or gateway) at this server. */
  uri(user: string): string {
    const { host, port } = this.server.sip;
    return `sip:${user}@${host}:${port}`;
  }

  dial(user = 'room', content: Content & Caller = { body: offer }) {
    return this.caller.call(this.uri(user), content);
  }

  /** @returns the gateway that a call is offered to, with its INVITE; `n` counts all offers from 1 */
  async offered(n: number) {
    const offers = () => this.world.factsOf('call.offered');
    await eventually(() => expect(offers()).toHaveLength(n));
    const agent = this.gateways.find(({ name }) => name === offers()[n - 1]?.gateway) as SipPeer;
    return { agent, invite: await agent.incoming('INVITE') };
  }

  /** A call that rings at its gateway, which its caller hears. */
  async ring(): Promise<{ call: OutgoingCall; invite: IncomingRequest }> {
    const call = this.dial();
    const invite = await this.gateway.incoming('INVITE');
    invite.reply(180);
    await call.answer(180);
    return { call, invite };
  }

  /** A call that is up on both sides. */
  async establish(): Promise<{
    callId: string;
    caller: SipDialog;
    gateway: SipDialog;
    invite: IncomingRequest;
  }> {
    const { call, invite } = await this.ring();
    const { callee } = await answerCall(call, invite, { body: answer });
    await eventually(() => expect(this.world.factsOf('call.answered')).toHaveLength(1));
    return { callId: call.callId, caller: call.dialog, gateway: callee, invite };
  }

  /** The caller hangs up, its gateway says 200, and nothing is left of so many calls. */
  async hangUp(caller: SipDialog, { gateway = this.gateway, ends = 1 } = {}): Promise<void> {
    await hangUp(caller, gateway);
    await this.expectAllOver(ends);
  }

  /** Nothing is left of any call: one end for each, no lock, no packet that nobody expected. */
  async expectAllOver(ends = 1): Promise<void> {
    await eventually(() => expect(this.world.ends).toHaveLength(ends));
    expect(this.edge.handler.activeCalls).toBe(0);
    await eventually(async () => expect(await this.world.isUnlocked()).toBe(true));
  }

  /** Nothing is left of the only call, which ended so. */
  async expectEnd(end: object): Promise<void> {
    await this.expectAllOver();
    expect(this.world.ends).toMatchObject([end]);
  }

  async close(): Promise<void> {
    this.edge.kill();
    await Promise.all([this.caller, ...this.gateways].map((peer) => peer.close()));
    rmSync(this.world.stateDir, { recursive: true, force: true });
  }
}

export interface SceneOptions {
  transport?: Transport;
  gateways?: number;
  settings?: Partial<CallSettings> & { localNet?: string };
}
