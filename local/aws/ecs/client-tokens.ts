import { AwsError } from '../http/errors.ts';

/** ECS remembers a token for as long as its tasks can be described; here so many. */
const maxTokens = 2000;

/** Makes a request with a client token happen once ("Idempotency in Amazon ECS"). */
export class ClientTokens<Result> {
  readonly #results = new Map<string, { asked: string; result: Result }>();

  /**
   * @param token undefined for a request that may happen again
   * @param request what must be the same where the token is
   * @throws AwsError ConflictException where the token came with another request
   */
  once(token: string | undefined, request: object, work: () => Result): Result {
    if (token === undefined) return work();
    const asked = JSON.stringify(request);
    const before = this.#results.get(token);
    if (before && before.asked !== asked) {
      throw new AwsError('ConflictException', 'The clientToken was used with another request.');
    }
    if (before) return before.result;
    const result = work();
    this.#results.set(token, { asked, result });
    const [oldest] = this.#results.keys();
    if (this.#results.size > maxTokens && oldest !== undefined) this.#results.delete(oldest);
    return result;
  }
}
