import { type Signer, signedHeaders } from '../../command-line/sigv4.ts';
import type { CallView, GatewayView } from '../../contracts/api/views.ts';
import { region } from '../../local/aws/identity.ts';

/** What an operator sees of the deployment: its own API, by the right of whoever runs the lab. */
export class OperatorApi {
  readonly #address: string;
  readonly #credentials: Signer['credentials'];

  /** @param address output `ApiAddress` of the stack */
  constructor(address: string, credentials: Signer['credentials']) {
    this.#address = address;
    this.#credentials = credentials;
  }

  /** In progress and over; one that ends meanwhile is among them. */
  async calls(): Promise<CallView[]> {
    const live = await this.#list<CallView>('/calls/live');
    return [...live, ...(await this.#list<CallView>('/calls'))];
  }

  gateways(): Promise<GatewayView[]> {
    return this.#list<GatewayView>('/gateways');
  }

  async freeGateways(): Promise<number> {
    return (await this.gateways()).filter(({ state }) => state === 'free').length;
  }

  async openCalls(): Promise<number> {
    return (await this.calls()).filter(({ state }) => state === 'answered').length;
  }

  async #list<T>(path: string): Promise<T[]> {
    const url = new URL(`${this.#address}/iam/v1${path}?limit=200`);
    const signer = { service: 'execute-api', region, credentials: this.#credentials };
    const answer = await fetch(url, { headers: await signedHeaders(signer, 'GET', url) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { items: T[] }).items;
  }
}
