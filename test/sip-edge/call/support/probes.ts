import type { UserAgent } from './ua.ts';

/** Lets user agents answer the OPTIONS within their call, as any does that has the dialog. */
export class ProbeAnswers {
  readonly #answering = new Set<UserAgent>();
  /** How many were answered since the last stop. */
  answered = 0;

  answer(agent: UserAgent, status = 200): void {
    this.#answering.add(agent);
    void (async () => {
      while (this.#answering.has(agent)) {
        const probe = await agent.incoming('OPTIONS').catch(() => undefined);
        if (!this.#answering.has(agent)) return;
        probe?.reply(status);
        this.answered += 1;
      }
    })();
  }

  stop(): void {
    this.#answering.clear();
    this.answered = 0;
  }
}
