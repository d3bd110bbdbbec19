import { isInternal } from '../drachtio/peer.ts';
import type { AlarmClock, Log } from '../ports.ts';
import type { Bridge, BridgeEnd } from './bridge.ts';
import type { Leg } from './leg/leg.ts';

/*
 * An OPTIONS within each leg of a call tells whether the leg still stands. A call taken over is probed every few
 * seconds: drachtio itself answers 481 to what comes in on its legs, and tells the application of no BYE. Every other
 * call is probed some three times a minute: a peer that is gone without a BYE would hold its gateway for ever, and NAT or a
 * load balancer on the way forgets a UDP flow on which nothing is sent.
 */

/**
 * `ended`: the peer has no such dialog any more. `no-dialog`: drachtio has none. `unreachable`: drachtio itself, so nothing is
 * known of the peer.
 */
type Pulse = 'alive' | 'ended' | 'no-dialog' | 'no-answer' | 'unreachable';
/** Why a leg counts as gone; `silent`: too many probes in a row had no answer. */
type Gone = 'ended' | 'no-dialog' | 'silent';

/**
 * These end the dialog (RFC 3261 12.2.1.2). Any other answer of the peer, also a refusal of OPTIONS, shows that it
 * stands; one that drachtio made up is none (RFC 3261 8.1.3.1).
 */
const deadStatuses: ReadonlySet<number> = new Set([481, 408]);

/** @param timeoutMs how long to wait for an answer */
function takePulse(leg: Leg, timeoutMs: number, clock: AlarmClock): Promise<Pulse> {
  return new Promise((resolve) => {
    const stopTimer = clock.after(timeoutMs, () => resolve('no-answer'));
    const feel = (pulse: Pulse) => {
      stopTimer();
      resolve(pulse);
    };
    const asksElsewhere = leg.askWhereItIs(() => feel('alive'));
    leg.request('OPTIONS', {}, undefined, {
      answer: (response) => {
        const { status } = response;
        if (status < 200) return;
        if (!isInternal(response)) feel(deadStatuses.has(status) ? 'ended' : 'alive');
        else if (!asksElsewhere) feel('no-answer');
      },
      failed: (failure) => feel(failure === 'no-dialog' ? failure : 'unreachable'),
    });
  });
}

/** Each side is told, as far as it can be without drachtio's dialog. */
const lostDialogs: BridgeEnd = { by: 'edge', outcome: 'edge-lost', reason: 'SIP;cause=503;text="edge-lost"' };

/** Probes under way at once: a restart with a thousand calls must not flood drachtio. */
const maxConcurrent = 50;

export interface ProbeTimes {
  readonly intervalMs: number;
  /** A probe without an answer for so long is a miss. */
  readonly timeoutMs: number;
  /** One may be a lost packet or a peer that is slow; so many in a row are a dead peer. */
  readonly misses: number;
}

export interface ProberParts {
  readonly clock: AlarmClock;
  readonly log: Pick<Log, 'error'>;
}

/** Ends each call of which a leg is gone. */
export class Prober {
  readonly #times: ProbeTimes;
  readonly #clock: AlarmClock;
  readonly #log: Pick<Log, 'error'>;
  /** Bridge → unanswered probes in a row, by leg. */
  readonly #misses = new Map<Bridge, Map<Leg, number>>();
  #stopTimer: () => void = () => {};
  #running = false;

  constructor(times: ProbeTimes, { clock, log }: ProberParts) {
    this.#times = times;
    this.#clock = clock;
    this.#log = log;
  }

  /** Probes the calls now and from now on, until they are over. */
  probeNow(bridges: Iterable<Bridge>): void {
    this.#take(bridges);
    this.#schedule(0);
  }

  /** Probes the calls from the next round on, until they are over. */
  watch(bridges: Iterable<Bridge>): void {
    const isFirst = this.#misses.size === 0;
    this.#take(bridges);
    if (isFirst && !this.#running) this.#schedule(this.#times.intervalMs);
  }

  stop(): void {
    this.#stopTimer();
    this.#misses.clear();
  }

  #take(bridges: Iterable<Bridge>): void {
    for (const bridge of bridges) {
      if (!bridge.isOver && !this.#misses.has(bridge)) this.#misses.set(bridge, new Map());
    }
  }

  #schedule(delayMs: number): void {
    this.#stopTimer();
    if (this.#misses.size > 0) this.#stopTimer = this.#clock.after(delayMs, () => void this.#round());
  }

  async #round(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const bridges = [...this.#misses.keys()];
    const workers = Array.from({ length: Math.min(maxConcurrent, bridges.length) }, async () => {
      for (let bridge = bridges.pop(); bridge; bridge = bridges.pop()) await this.#probeSafely(bridge);
    });
    await Promise.all(workers);
    this.#running = false;
    this.#schedule(this.#times.intervalMs);
  }

  /** What goes wrong with one call must not end the probing of all. */
  async #probeSafely(bridge: Bridge): Promise<void> {
    try {
      await this.#probe(bridge);
    } catch (error) {
      this.#log.error({ event: 'probe-failed', error }, 'a call could not be probed');
    }
  }

  async #probe(bridge: Bridge): Promise<void> {
    const { caller, gateway } = bridge;
    const [callerGone, gatewayGone] = await Promise.all([
      this.#whyGone(bridge, caller),
      this.#whyGone(bridge, gateway),
    ]);
    // Gone at once in one way: drachtio was started anew, which ends every dialog, or reaches nobody. A side that has ended the
    // call says so, whatever became of the other in the same round.
    if (callerGone && callerGone === gatewayGone && callerGone !== 'ended') bridge.end(lostDialogs);
    else if (callerGone && !(callerGone === 'silent' && gatewayGone))
      bridge.endOther(caller, { by: 'caller', outcome: 'answered' });
    else if (gatewayGone) bridge.endOther(gateway, { by: 'gateway', outcome: 'answered' });
    if (bridge.isOver) this.#misses.delete(bridge);
  }

  async #whyGone(bridge: Bridge, leg: Leg): Promise<Gone | undefined> {
    if (bridge.isOver) return undefined;
    const pulse = await takePulse(leg, this.#times.timeoutMs, this.#clock);
    const misses = this.#misses.get(bridge);
    if (pulse === 'alive') misses?.delete(leg);
    if (pulse === 'no-answer') misses?.set(leg, (misses.get(leg) ?? 0) + 1);
    if (pulse === 'ended' || pulse === 'no-dialog') return pulse;
    return (misses?.get(leg) ?? 0) >= this.#times.misses ? 'silent' : undefined;
  }
}
