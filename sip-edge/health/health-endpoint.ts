import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Log } from '../ports.ts';
import type { Probed } from './options-probe.ts';

/** Several ask: each zone of the load balancer and ECS. One round trip answers all within this time. */
const freshMs = 1000;

export interface HealthEndpointParts {
  /** IP address to listen on. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** One SIP OPTIONS round trip through the SIP server to this very application. Never rejects. */
  probe: () => Promise<Probed>;
  clock: Clock;
  log: Log;
}

/**
 * Tells over HTTP whether this edge serves, by a SIP round trip: an open port says nothing of a SIP server that has
 * lost its application. A load balancer asks from outside; the security group lets nobody else in.
 *
 * `GET /health`: 200 where a new call would be taken, else 503. For who sends calls.
 * `GET /alive`: 200 where the application answered at all, also by 503, else 503. For who would restart it: a
 * restart mends neither a drain nor a control plane that is down, and would cost the calls in progress.
 */
export class HealthEndpoint {
  readonly #server: Server;
  readonly #parts: HealthEndpointParts;
  #asking: Promise<Probed> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #lastWhy: string | undefined;

  private constructor(parts: HealthEndpointParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      if (request.method !== 'GET' || (request.url !== '/health' && request.url !== '/alive')) {
        answer(response, 404, { why: 'there are /health and /alive' });
        return;
      }
      const isAlive = request.url === '/alive';
      void this.#probed().then(({ status, why }) =>
        answer(response, status === 200 || (isAlive && status !== undefined) ? 200 : 503, { status, why }),
      );
    });
    // A connection on which no request comes is closed.
    this.#server.headersTimeout = 5000;
    this.#server.requestTimeout = 5000;
    this.#server.maxConnections = 100;
  }

  /** @throws the error of `listen`, such as EADDRINUSE */
  static async open(parts: HealthEndpointParts): Promise<HealthEndpoint> {
    const endpoint = new HealthEndpoint(parts);
    endpoint.#server.listen(parts.port, parts.host);
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #probed(): Promise<Probed> {
    const { clock, log } = this.#parts;
    const now = clock.now();
    if (this.#asking !== undefined && now - this.#askedAt < freshMs) return this.#asking;
    this.#askedAt = now;
    this.#asking = this.#parts.probe().then((probed) => {
      // A line for each change, not for each request: the load balancer asks every few seconds.
      if (probed.why !== this.#lastWhy) {
        this.#lastWhy = probed.why;
        log.warn({ event: 'health-changed', ...probed }, probed.why ?? 'healthy again');
      }
      return probed;
    });
    return this.#asking;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
