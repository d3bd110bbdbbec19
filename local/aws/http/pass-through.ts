import { Agent, request, type ServerResponse } from 'node:http';
import { engineHeaders } from '../dynamodb/dynamodb.ts';
import { UnsupportedError } from './errors.ts';

/** Hands requests on to the table engine as they are, over connections that stay open. */
export class PassThrough {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #engine: URL;

  /**
   * @param engine URL of the table engine
   * @throws UnsupportedError where it is none of http
   */
  constructor(engine: string) {
    this.#engine = new URL(engine);
    if (this.#engine.protocol !== 'http:') {
      throw new UnsupportedError(`the table engine must be reached by http, not ${engine}`);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @param target `X-Amz-Target` */
  send(target: string, body: Buffer, outgoing: ServerResponse): void {
    const { hostname, port, pathname: path } = this.#engine;
    const headers = { ...engineHeaders(target), 'content-length': body.length };
    const options = { agent: this.#agent, hostname, port, path, method: 'POST', headers };
    const onward = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      // Written at once: an answer is small, and a pipe would cost more than it saves.
      answer.on('end', () => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
      });
      answer.on('error', () => outgoing.destroy());
    });
    // The engine is down: its clients see what they would see of the engine itself, a connection that breaks.
    onward.on('error', () => outgoing.destroy());
    onward.end(body);
  }
}
