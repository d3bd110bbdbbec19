import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE } from 'dns-packet';

/** "No such name" (RFC 1035 4.1.1). */
const noSuchName = 3;

/** The resolver of the network, and what answers for the public zone. */
export class NameServer {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * @param address where it listens, port 53
   * @param lookUp the records of a name, without the dot at its end, at this moment; undefined for a name that is not there
   */
  static async open(
    address: string,
    lookUp: (name: string) => readonly Answer[] | undefined,
  ): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.on('message', (message, { address: peer, port }) => {
      const { id, flags = 0, questions = [] } = decode(message);
      const [{ name = '', type } = {}] = questions;
      const found = lookUp(name.toLowerCase());
      const answers = (found ?? []).filter((record) => record.type === type);
      const answered = flags | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER;
      const packet = {
        type: 'response' as const,
        ...(id !== undefined && { id }),
        flags: found === undefined ? answered | noSuchName : answered,
        questions,
        answers: answers.map((record) => ({ ...record, name })),
      };
      socket.send(encode(packet), port, peer);
    });
    socket.bind(53, address);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  close(): void {
    this.#socket.close();
  }
}
