import { SampleGateway } from '../../../local/user-agent/gateway/sample-gateway.ts';
import type { Session } from '../../../local/user-agent/session.ts';
import { UserAgent } from '../../../local/user-agent/user-agent.ts';
import { newUsername } from './sipp-gateway.ts';
import { type Stack, secret } from './stack.ts';

export interface Refused {
  status: number;
  reason: string | undefined;
  retryAfter: string | undefined;
}

/** Callers and gateways of a test, on user agents of their own. */
export class Parties {
  readonly #stack: Stack;
  /** The SIP server that all of them use. */
  readonly #server: { address: string; port: number };
  readonly #agents: UserAgent[] = [];

  /** @param edge whose SIP server they use: the first where none is named */
  constructor(stack: Stack, edge = 0) {
    this.#stack = stack;
    const { host, port } = stack.run.edges[edge]?.sip ?? stack.sip;
    this.#server = { address: host, port };
  }

  /** @param address of loopback; each counts as another host */
  async agent(protocol: 'udp' | 'tcp' = 'udp', address = '127.0.0.1'): Promise<UserAgent> {
    const agent = await UserAgent.open({
      server: this.#server,
      protocol,
      bind: { address, port: 0 },
    });
    this.#agents.push(agent);
    return agent;
  }

  /** A registered gateway that answers at once. */
  async gateway(protocol: 'udp' | 'tcp' = 'tcp') {
    const username = newUsername();
    const { promise: answered, resolve: onAnswered } = Promise.withResolvers<Session>();
    const gateway = new SampleGateway(await this.agent(protocol), {
      username,
      domain: this.#stack.domain,
      password: secret,
      afterCall: 'reuse',
      media: 'none',
      refresh: false,
      onAnswered,
    });
    await gateway.start();
    return { gateway, username, answered };
  }

  async dial(room = 'room12', agent?: UserAgent, callId?: string) {
    return (agent ?? (await this.agent())).call({
      uri: `sip:${room}@${this.#stack.domain}`,
      from: '"Room System" <sip:caller@endpoint.example>',
      media: 'none',
      ...(callId !== undefined && { callId }),
    });
  }

  /** @throws Error where it is not answered */
  async connect(room?: string, agent?: UserAgent): Promise<Session> {
    const outcome = await (await this.dial(room, agent)).result;
    if (outcome.result === 'answered') return outcome.session;
    throw new Error(outcome.result === 'refused' ? `${outcome.response.status}` : outcome.error.message);
  }

  /** @throws Error where it is answered */
  async refused(room?: string, callId?: string): Promise<Refused> {
    const outcome = await (await this.dial(room, undefined, callId)).result;
    if (outcome.result !== 'refused') throw new Error(`not refused: ${outcome.result}`);
    const { status, headers } = outcome.response;
    return { status, reason: headers.get('reason'), retryAfter: headers.get('retry-after') };
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.close()));
  }
}
