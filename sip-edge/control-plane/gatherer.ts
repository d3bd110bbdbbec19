/** One command that waits to be sent, and who waits for its answer. */
interface Member<Command, Answer> {
  command: Command;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export interface GathererOptions<Command, Answer> {
  /** Commands of one request at most. */
  most: number;
  /** So long a command waits at most for the requests under way, ms. */
  waitMs: number;
  /**
   * Sends commands together.
   * @returns for each, in order, its answer or the error that it ended with
   * @throws where the request as a whole failed: so does each of them, once
   */
  send: (commands: readonly Command[]) => Promise<readonly (Answer | Error)[]>;
}

/**
 * Natural batches: a command goes at once where none is under way; else it waits for those to return, and goes with all
 * that came meanwhile. So a batch is as large as the moment makes it, and a slow request holds up the next by `waitMs`
 * at most.
 */
export class Gatherer<Command, Answer> {
  readonly #options: GathererOptions<Command, Answer>;
  #waiting: Member<Command, Answer>[] = [];
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GathererOptions<Command, Answer>) {
    this.#options = options;
  }

  /** @throws what `send` throws, or gives for this command */
  ask(command: Command): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ command, resolve, reject });
    if (this.#underWay === 0 || this.#waiting.length >= this.#options.most) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#options.waitMs);
    return promise;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const members = this.#waiting.splice(0, this.#options.most);
    if (members.length === 0) return;
    this.#underWay += 1;
    void this.#settle(members).finally(() => {
      this.#underWay -= 1;
      if (this.#waiting.length > 0) this.#send();
    });
  }

  async #settle(members: readonly Member<Command, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.send(members.map(({ command }) => command));
      for (const [index, { resolve, reject }] of members.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new RangeError('fewer answers than commands'));
        else if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of members) reject(error);
    }
  }
}
