import { type AlarmClock, ControlPlaneUnavailable } from '../ports.ts';
import type { About } from './flow/about.ts';
import type { Flow, Lane } from './flow/flow.ts';
import { type Waiting, WaitingCommands } from './flow/waiting-commands.ts';

/** One command that waits to be sent, and who waits for its answer. */
interface Member<Command, Answer> extends Waiting {
  command: Command;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export interface GathererOptions<Command, Answer> {
  /** Commands of one request at most. */
  most: number;
  /** So long a command waits at most for the requests under way, ms, while there is room for it. */
  waitMs: number;
  /** So long after the last request those are kept that have time, ms, so that others go with them. */
  keepMs: number;
  /** Says how many commands may be under way. */
  flow: Flow;
  clock: AlarmClock;
  /**
   * Sends commands together.
   * @returns for each, in order, its answer or the error that it ended with
   * @throws where the request as a whole failed: so does each of them, once
   */
  send: (commands: readonly Command[]) => Promise<readonly (Answer | Error)[]>;
}

const overloaded = () => new ControlPlaneUnavailable('overloaded', 'the control plane has too much to do');
const abandoned = () => new ControlPlaneUnavailable('abandoned', 'nobody waits for the answer any more');

/**
 * Natural batches: a command goes at once where none is under way; else it waits for those to return, and goes with all
 * that came meanwhile; what has time is kept for a moment more. So a batch is as large as the moment makes it, and a slow request holds up the next by `waitMs`
 * at most. Where as much is under way as the control plane carries, the most urgent go first, and what has waited for too
 * long, or whose client has gone, is not sent at all.
 */
export class Gatherer<Command, Answer> {
  readonly #options: GathererOptions<Command, Answer>;
  readonly #lane: Lane;
  readonly #waiting = new WaitingCommands<Member<Command, Answer>>();
  #underWay = 0;
  /** When the last request was sent, epoch ms. */
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Those that wait go as soon as there is room. */
  #isDue = false;
  #stopTimer: () => void = () => {};

  constructor(options: GathererOptions<Command, Answer>) {
    this.#options = options;
    this.#lane = options.flow.open(() => this.#go());
  }

  /**
   * @throws {ControlPlaneUnavailable} `overloaded`, `abandoned`: it was not sent
   * @throws what `send` throws, or gives for this command
   */
  ask(command: Command, about: About): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const member = { ...about, since: this.#options.flow.now(), command, resolve, reject };
    if (about.key !== undefined) this.#waiting.takeEarlier(about.key)?.reject(abandoned());
    if (!this.#waiting.add(member)) reject(overloaded());
    if (this.#underWay === 0) this.#isDue = true;
    this.#go();
    return promise;
  }

  #go(): void {
    const { flow, most, clock } = this.#options;
    this.#stopTimer();
    if (this.#gatheredAt <= flow.now()) this.#isDue = true;
    const isKept = this.#keptUntil > flow.now();
    while (this.#waiting.size > 0 && ((this.#isDue && !isKept) || this.#waiting.size >= most)) {
      const { next, gone } = this.#waiting.take(most, (urgency) => flow.roomFor(urgency));
      for (const { reject } of gone) reject(abandoned());
      if (next.length > 0) this.#send(next);
      else if (gone.length === 0) break;
    }
    // Only now: a process that was held up itself sends what there is room for, however late it is.
    for (const { reject } of this.#waiting.takeLate(flow.now())) reject(overloaded());
    const { nextDeadline } = this.#waiting;
    if (nextDeadline === undefined) return;
    const goAt = this.#isDue ? nextDeadline : this.#gatheredAt;
    const wakeAt = Math.min(isKept ? this.#keptUntil : goAt, nextDeadline);
    this.#stopTimer = clock.after(Math.max(1, wakeAt - flow.now()), () => this.#go());
  }

  /** When the first of those that wait has waited for long enough, epoch ms. */
  get #gatheredAt(): number {
    return (this.#waiting.oldestSince ?? Number.POSITIVE_INFINITY) + this.#options.waitMs;
  }

  /** Until when those that wait are kept, epoch ms: only where all of them have time. */
  get #keptUntil(): number {
    return this.#waiting.haveTime ? this.#sentAt + this.#options.keepMs : Number.NEGATIVE_INFINITY;
  }

  #send(members: readonly Member<Command, Answer>[]): void {
    const { flow } = this.#options;
    this.#isDue = false;
    this.#underWay += 1;
    this.#sentAt = flow.now();
    const kinds = members.map(({ urgency }) => urgency);
    const sent = flow.send(this.#lane, kinds);
    void this.#settle(members).then((isThrottled) => {
      this.#underWay -= 1;
      this.#isDue = this.#waiting.size > 0;
      flow.end(this.#lane, sent, isThrottled);
    });
  }

  /** @returns whether AWS had no room for it */
  async #settle(members: readonly Member<Command, Answer>[]): Promise<boolean> {
    try {
      const answers = await this.#options.send(members.map(({ command }) => command));
      for (const [index, { resolve, reject }] of members.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new RangeError('fewer answers than commands'));
        else if (answer instanceof Error) reject(answer);
        else resolve(answer);
      }
      return false;
    } catch (error) {
      for (const { reject } of members) reject(error);
      return error instanceof ControlPlaneUnavailable && error.why === 'throttled';
    }
  }
}
