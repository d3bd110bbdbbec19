import type { Log } from '../ports.ts';

/** How long one protection holds, minutes: so long a crashed application keeps ECS from replacing its task. */
const protectMinutes = 10;
/** Renewed well before it ends. */
const renewMs = 4 * 60_000;
const checkMs = 1000;
const patienceMs = 3000;
const longestPauseMs = 60_000;

export interface TaskProtectionParts {
  /** `ECS_AGENT_URI`, as ECS gives it to each container. */
  agentUri: string;
  countCalls: () => number;
  log: Log;
}

/**
 * Keeps ECS from ending this task for a deployment or a scale-in while it has calls ("Amazon ECS task scale-in
 * protection endpoint"). It counts the calls once a second, so that no call ever waits for it.
 */
export class TaskProtection {
  readonly #parts: TaskProtectionParts;
  readonly #timer: NodeJS.Timeout;
  /** What ECS was last told, and when; undefined before it was told anything. */
  #told: { isProtected: boolean; at: number } | undefined;
  #isAsking = false;
  #failures = 0;
  #notBefore = 0;

  constructor(parts: TaskProtectionParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#check(), checkMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const now = performance.now();
    const wanted = this.#parts.countCalls() > 0;
    const isKnown = this.#told?.isProtected === wanted && (!wanted || now - this.#told.at < renewMs);
    if (this.#isAsking || isKnown || now < this.#notBefore) return;
    this.#isAsking = true;
    try {
      await this.#tell(wanted);
      this.#told = { isProtected: wanted, at: now };
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#notBefore = now + Math.min(checkMs * 2 ** this.#failures, longestPauseMs);
      this.#parts.log.warn({ event: 'task-protection-failed', error, wanted }, 'ECS was not told');
    } finally {
      this.#isAsking = false;
    }
  }

  async #tell(isProtected: boolean): Promise<void> {
    const answer = await fetch(`${this.#parts.agentUri}/task-protection/v1/state`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ProtectionEnabled: isProtected,
        ...(isProtected && { ExpiresInMinutes: protectMinutes }),
      }),
      signal: AbortSignal.timeout(patienceMs),
    });
    const text = await answer.text();
    // A refusal comes with status 200 and a failure in the body, too.
    const { protection } = (answer.ok ? JSON.parse(text) : {}) as { protection?: object };
    if (!protection) throw new Error(`the ECS agent answered ${answer.status}: ${text.slice(0, 300)}`);
  }
}
