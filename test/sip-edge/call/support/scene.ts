import { expect } from 'vitest';
import type { CallSettings } from '../../../../sip-edge/call/call.ts';
import { eventually } from '../../../support/eventually.ts';
import type { SipServer } from '../../../support/sip-server.ts';
import { TestControlPlane, type TestWorld } from './control-plane.ts';
import { startTestEdge, type TestEdge } from './edge.ts';
import { type Content, type IncomingRequest, type Transport, type UaDialog, UserAgent } from './ua.ts';

export const offer =
  'v=0\r\no=caller 1 1 IN IP4 127.0.0.1\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\n';
export const answer =
  'v=0\r\no=gateway 2 2 IN IP4 127.0.0.1\r\ns=é\r\nm=audio 5000 RTP/AVP 0\r\nm=video 5002 RTP/AVP 96\r\n';

/** A caller, some gateways, and an edge between them. */
export class Scene<World extends TestWorld = TestControlPlane> {
  readonly server: SipServer;
  readonly world: World;
  readonly caller: UserAgent;
  readonly gateways: UserAgent[];
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
    const caller = await UserAgent.open(transport, server.sip, 'ann');
    const names = Array.from({ length: gateways }, (_, index) => `10.0.0.${index + 1}.mediagw.0`);
    const agents = await Promise.all(names.map((name) => UserAgent.open(transport, server.sip, name)));
    for (const agent of agents) await world.add(agent);
    return new Scene(server, world, caller, agents, edge);
  }

  constructor(server: SipServer, world: World, caller: UserAgent, gateways: UserAgent[], edge: TestEdge) {
    this.server = server;
    this.world = world;
    this.caller = caller;
    this.gateways = gateways;
    this.edge = edge;
  }

  get gateway(): UserAgent {
    return this.gateways[0] as UserAgent;
  }

  /** The request URI of a room (or gateway) at this server. */
  uri(user: string): string {
    const { host, port } = this.server.sip;
    return `sip:${user}@${host}:${port}`;
  }

  dial(user = 'room', content: Content & { from?: string; callId?: string } = { body: offer }) {
    return this.caller.invite(this.uri(user), content);
  }

  /** A call that is up on both sides. */
  async establish(): Promise<{
    callId: string;
    caller: UaDialog;
    gateway: UaDialog;
    invite: IncomingRequest;
  }> {
    const call = this.dial();
    const invite = await this.gateway.incoming('INVITE');
    invite.reply(180);
    const accepted = invite.accept({ body: answer });
    const { dialog } = await call.established();
    const { dialog: gateway } = await accepted;
    await eventually(() => expect(this.world.factsOf('call.answered')).toHaveLength(1));
    return { callId: call.callId, caller: dialog, gateway, invite };
  }

  /** Nothing is left of any call: one end for each, no lock, no packet that nobody expected. */
  async expectAllOver(ends = 1): Promise<void> {
    await eventually(() => expect(this.world.ends).toHaveLength(ends));
    expect(this.edge.handler.activeCalls).toBe(0);
    await eventually(async () => expect(await this.world.isUnlocked()).toBe(true));
  }

  async close(): Promise<void> {
    this.edge.kill();
    await Promise.all([this.caller, ...this.gateways].map((agent) => agent.close()));
  }
}

export interface SceneOptions {
  transport?: Transport;
  gateways?: number;
  settings?: Partial<CallSettings>;
}
