import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const typeA = 1;
const headerBytes = 12;
/** Response, recursion desired and available; 3 is "no such name" (RFC 1035 4.1.1). */
const answered = 0x81_80;
const noSuchName = 3;

/** The name of the only question, in labels (RFC 1035 4.1.2). */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(query: Buffer, addresses: readonly string[], ttlSec: number, exists: boolean): Buffer {
  const { end } = questionOf(query);
  const header = Buffer.alloc(headerBytes);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(exists ? answered : answered | noSuchName, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    // A pointer to the name of the question.
    record.writeUInt16BE(0xc0_00 | headerBytes, 0);
    record.writeUInt16BE(typeA, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttlSec, 6);
    record.writeUInt16BE(4, 10);
    Buffer.from(address.split('.').map(Number)).copy(record, 12);
    return record;
  });
  return Buffer.concat([header, query.subarray(headerBytes, end), ...records]);
}

/** The resolver of the network and of the public zone: A records alone. */
export class NameServer {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * @param address where it listens, port 53
   * @param lookUp the addresses of a name at this moment, with their TTL; undefined for a name that is not there
   */
  static async open(
    address: string,
    lookUp: (name: string) => { addresses: readonly string[]; ttlSec: number } | undefined,
  ): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.on('message', (query, { address: peer, port }) => {
      const { name, type } = questionOf(query);
      const found = lookUp(name);
      const addresses = type === typeA ? (found?.addresses ?? []) : [];
      socket.send(answerTo(query, addresses, found?.ttlSec ?? 0, found !== undefined), port, peer);
    });
    socket.bind(53, address);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  close(): void {
    this.#socket.close();
  }
}
