import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** Whom facts are sent to. */
export class Receiver {
  readonly url: string;
  readonly received: Received[] = [];
  /** The statuses of its next answers; 200 after them. */
  answers: number[] = [];
  readonly #server: Server;

  static async open(): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new Receiver(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`;
    server.on('request', async (request, response) => {
      this.received.push({ headers: request.headers, body: JSON.parse(await text(request)) });
      response.writeHead(this.answers.shift() ?? 200).end();
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
