import { once } from 'node:events';
import { connect } from 'node:net';
import { parseHostPort } from '../../sip/host-port.ts';
import { createRequest, newBranch, newCallId, newTag } from '../../sip/message/build.ts';
import { serialize } from '../../sip/message/serialize.ts';
import type { SrfRequest, SrfResponse } from './srf.ts';

/** drachtio and its application are one machine. */
const patienceMs = 1000;

/**
 * The connections that Contacts registered over, as drachtio keeps them: it sends to a Contact by its connection, and
 * 0.9.10 goes on to do so, in silence, when that is closed. It lets go of one when a REGISTER that came by TCP and removes
 * the Contact is answered by 200, and in no other way; so the edge sends it such a REGISTER, which comes back to it.
 */
export class RegisteredConnections {
  #address: { host: string; port: number } | undefined;
  /** The Call-IDs of our own REGISTERs, which nobody can guess. */
  readonly #own = new Set<string>();

  /** @param hostPorts where drachtio listens, as it says on connect: `tcp/10.20.0.5:5060,udp/10.20.0.5:5060,…` */
  listensOn(hostPorts: string): void {
    const tcp = hostPorts.split(',').find((one) => one.startsWith('tcp/')) ?? '';
    const { host, port } = parseHostPort(tcp.slice('tcp/'.length)) ?? {};
    this.#address = host !== undefined && port !== undefined ? { host, port } : undefined;
  }

  /**
   * From here on a Contact is called by a new connection.
   * @param contact as registered
   * @returns settles when drachtio has answered, or does not
   */
  async forget(contact: string): Promise<void> {
    if (this.#address === undefined) return;
    const callId = newCallId();
    this.#own.add(callId);
    const socket = connect(this.#address);
    try {
      socket.write(this.#removalOf(contact, callId, this.#address.host));
      await once(socket, 'data', { signal: AbortSignal.timeout(patienceMs) });
    } catch {
      // Who is called then by the old connection is silent, as before.
    } finally {
      this.#own.delete(callId);
      socket.destroy();
    }
  }

  /** @returns whether a REGISTER was one of ours; it is answered then */
  takeOwn(register: SrfRequest, response: SrfResponse): boolean {
    if (!this.#own.delete(register.headers['call-id'] ?? '')) return false;
    response.send(200);
    return true;
  }

  #removalOf(contact: string, callId: string, host: string): Buffer {
    const us = `<sip:edge@${host}>`;
    const register = createRequest({
      method: 'REGISTER',
      uri: `sip:${host}`,
      from: `${us};tag=${newTag()}`,
      to: us,
      callId,
      cseq: 1,
      headers: [
        ['Contact', `<${contact}>`],
        ['Expires', '0'],
      ],
    });
    register.headers.prepend('Via', `SIP/2.0/TCP ${host};branch=${newBranch()};rport`);
    return serialize(register);
  }
}
