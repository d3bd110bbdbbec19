import { AwsError, UnsupportedError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';

/** Sends a request. @returns the status of its answer. @throws where there was none */
export type Send = (url: string, headers: Record<string, string>, body: string) => Promise<number>;

export interface ApiDestinationsOptions {
  /** @returns the value of a secret, `{ARN}[:{json key}:…]`. @throws where there is none */
  secretValue: (from: string) => string;
  send?: Send | undefined;
  retryDelaysMs?: readonly number[] | undefined;
}

interface Destination {
  url: string;
  headers: Record<string, string>;
}

/** EventBridge tries for a day; who waits here sees sooner what becomes of it. */
const usualRetryDelaysMs = [1000, 5000, 15_000];
/** "API destinations as targets": EventBridge waits five seconds for an answer. */
const answerWithinMs = 5000;
/** Tried again, besides what answers nothing. */
const isTemporary = (status: number) => status === 401 || status === 407 || status === 409 || status === 429;

const byFetch: Send = async (url, headers, body) => {
  const signal = AbortSignal.timeout(answerWithinMs);
  const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
  await answer.arrayBuffer();
  return answer.status;
};

/** API destinations of EventBridge, each with the header of its connection. */
export class ApiDestinations {
  readonly #options: ApiDestinationsOptions;
  #byArn = new Map<string, Destination>();

  constructor(options: ApiDestinationsOptions) {
    this.#options = options;
  }

  /** @throws UnsupportedError for another way to show who asks than a header, or a secret that is not here */
  provision(resources: readonly Resource[]): void {
    const connections = new Map(
      resources
        .filter(({ type }) => type === 'AWS::Events::Connection')
        .map((one) => [one.attributes.Arn, this.#headersOf(one)]),
    );
    const destinations = resources.filter(({ type }) => type === 'AWS::Events::ApiDestination');
    this.#byArn = new Map(
      destinations.map(({ attributes, properties }) => [
        attributes.Arn ?? '',
        {
          url: String(properties.InvocationEndpoint),
          headers: connections.get(String(properties.ConnectionArn)) ?? {},
        },
      ]),
    );
  }

  /** Sends an event, again where that is of use. @throws AwsError once it is not */
  async post(arn: string, body: string): Promise<void> {
    const { send = byFetch, retryDelaysMs = usualRetryDelaysMs } = this.#options;
    const destination = this.#byArn.get(arn);
    if (destination === undefined) {
      throw new AwsError('ResourceNotFoundException', `there is no API destination ${arn}`);
    }
    const headers = { 'content-type': 'application/json; charset=utf-8', ...destination.headers };
    for (const delayMs of [...retryDelaysMs, undefined]) {
      const status = await send(destination.url, headers, body).catch(() => undefined);
      if (status !== undefined && status >= 200 && status < 300) return;
      const isWorthwhile = status === undefined || status >= 500 || isTemporary(status);
      if (delayMs === undefined || !isWorthwhile) {
        throw new AwsError('SDK_CLIENT_ERROR', `${destination.url} answers ${status ?? 'nothing'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    }
  }

  #headersOf({ logicalId, properties }: Resource): Record<string, string> {
    const { ApiKeyAuthParameters: key } = (properties.AuthParameters ?? {}) as Record<string, JsonObject>;
    if (key === undefined) {
      throw new UnsupportedError('the local cloud knows connections with an API key alone', logicalId);
    }
    return { [String(key.ApiKeyName)]: this.#resolved(String(key.ApiKeyValue), logicalId) };
  }

  /** As CloudFormation reads a dynamic reference: when the connection is made or changed. */
  #resolved(value: string, logicalId: string): string {
    const [, arn, key] =
      /^\{\{resolve:secretsmanager:(arn:(?:[^:]*:){5}[^:]*):SecretString:([^:}]*)[:}]/.exec(value) ?? [];
    if (arn === undefined) return value;
    try {
      return this.#options.secretValue(`${arn}:${key}`);
    } catch {
      throw new UnsupportedError(`the local cloud has no secret ${arn}`, logicalId);
    }
  }
}
