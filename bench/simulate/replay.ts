import { demandMinutes } from '../../lambdas/domain/demand/forecast.ts';
import type { PoolCounts } from '../../lambdas/domain/fleet/types.ts';
import { between } from './day/random.ts';
import type { TraceCall } from './day/trace.ts';
import { EventQueue } from './event-queue.ts';
import type { Controller, Replayed, ReplaySettings } from './replayed.ts';

interface Gateway {
  requestedAt: number;
}

interface Waiter {
  call: TraceCall;
  served: boolean;
}

const minuteMs = 60_000;

/**
 * Plays a day of calls against a policy. Calls take the gateway freed last, wait first come first served, and are
 * refused at the limit. A call holds its gateway for its own duration, from when it got one.
 */
export function replay(
  calls: readonly TraceCall[],
  controller: Controller,
  settings: ReplaySettings,
): Replayed {
  return new Replay(calls, controller, settings).run();
}

class Replay {
  readonly #events = new EventQueue();
  readonly #calls: readonly TraceCall[];
  readonly #controller: Controller;
  readonly #settings: ReplaySettings;
  readonly #free: Gateway[] = [];
  readonly #queue: Waiter[] = [];
  #busy = 0;
  #starting = 0;
  #draining = 0;
  #nowMs: number;
  #open: number;
  readonly #perMinute: number[] = [0];
  #gatewayMs = 0;
  /** Gateways there are, and the sum of when they were requested: the hours of those still running. */
  #running = 0;
  #requestedSum = 0;
  readonly #result: Replayed;

  constructor(calls: readonly TraceCall[], controller: Controller, settings: ReplaySettings) {
    this.#calls = calls;
    this.#controller = controller;
    this.#settings = settings;
    this.#nowMs = settings.fromMs;
    this.#open = calls.length;
    const callMs = calls.reduce((sum, { durationMs }) => sum + durationMs, 0);
    this.#result = {
      calls: calls.length,
      callHours: callMs / 3_600_000,
      gatewayHours: 0,
      starts: 0,
      refused: 0,
      waitsSec: [],
      waited: [],
      samples: [],
    };
  }

  run(): Replayed {
    const { fromMs, untilMs } = this.#settings;
    for (const call of this.#calls) this.#events.push(call.startMs, () => this.#offer(call));
    const tick = () => {
      this.#perMinute.unshift(0);
      this.#perMinute.length = Math.min(this.#perMinute.length, demandMinutes);
      this.#sample();
      this.#decide();
      const nextMs = this.#nowMs + minuteMs;
      if (nextMs < untilMs || this.#open > 0) this.#events.push(nextMs, tick);
    };
    this.#events.push(fromMs, tick);
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      const over = this.#open === 0 && event.atMs >= untilMs;
      if (over) break;
      this.#nowMs = event.atMs;
      event.run();
    }
    const endMs = Math.max(this.#nowMs, untilMs);
    this.#nowMs = endMs;
    this.#sample();
    this.#result.gatewayHours = this.#hoursSoFar();
    return this.#result;
  }

  #offer(call: TraceCall): void {
    this.#perMinute[0] = (this.#perMinute[0] ?? 0) + 1;
    const gateway = this.#free.pop();
    if (gateway !== undefined) {
      this.#result.waitsSec.push(0);
      this.#serve(call, gateway);
    } else {
      const waiter = { call, served: false };
      this.#queue.push(waiter);
      this.#events.push(this.#nowMs + this.#settings.waitLimitSec * 1000, () => this.#refuse(waiter));
    }
    this.#decideOnEvent();
  }

  #serve(call: TraceCall, gateway: Gateway): void {
    this.#busy += 1;
    this.#events.push(this.#nowMs + call.durationMs, () => this.#end(gateway));
  }

  #refuse(waiter: Waiter): void {
    if (waiter.served) return;
    this.#queue.splice(this.#queue.indexOf(waiter), 1);
    this.#open -= 1;
    this.#result.refused += 1;
    this.#noteWait(waiter.call, true);
  }

  #end(gateway: Gateway): void {
    this.#busy -= 1;
    this.#open -= 1;
    if (this.#settings.gateways === 'reuse') this.#enter(gateway);
    else this.#stop(gateway);
    this.#decideOnEvent();
  }

  /** A gateway that can be given: to the call that waits longest, if any. */
  #enter(gateway: Gateway): void {
    const waiter = this.#queue.shift();
    if (waiter === undefined) {
      this.#free.push(gateway);
      return;
    }
    waiter.served = true;
    this.#noteWait(waiter.call, false);
    this.#serve(waiter.call, gateway);
  }

  #noteWait(call: TraceCall, refused: boolean): void {
    const sec = (this.#nowMs - call.startMs) / 1000;
    this.#result.waitsSec.push(sec);
    this.#result.waited.push({ atMs: call.startMs, sec, refused });
  }

  #start(): void {
    const gateway = { requestedAt: this.#nowMs };
    this.#result.starts += 1;
    this.#starting += 1;
    this.#running += 1;
    this.#requestedSum += gateway.requestedAt;
    const [low, high] = this.#settings.startSec;
    const takesMs = Math.round(between(this.#settings.random, low, high) * 1000);
    this.#events.push(this.#nowMs + takesMs, () => {
      this.#starting -= 1;
      this.#enter(gateway);
      this.#decideOnEvent();
    });
  }

  #stop(gateway: Gateway): void {
    this.#draining += 1;
    this.#events.push(this.#nowMs + this.#settings.stopSec * 1000, () => {
      this.#draining -= 1;
      this.#running -= 1;
      this.#requestedSum -= gateway.requestedAt;
      this.#gatewayMs += this.#nowMs - gateway.requestedAt;
    });
  }

  #decideOnEvent(): void {
    if (this.#controller.everyEvent) this.#decide();
  }

  #decide(): void {
    const order = this.#controller.decide({
      nowMs: this.#nowMs,
      counts: this.#counts(),
      waiting: this.#queue.length,
      perMinute: this.#perMinute,
    });
    if (order.action === 'start') {
      for (let i = 0; i < order.count; i += 1) this.#start();
    } else if (order.action === 'drain') {
      // The longest registered first.
      for (const gateway of this.#free.splice(0, order.count)) this.#stop(gateway);
    }
  }

  #counts(): PoolCounts {
    return {
      free: this.#free.length,
      locked: 0,
      busy: this.#busy,
      unmanaged: 0,
      held: 0,
      draining: this.#draining,
      starting: this.#starting,
    };
  }

  #hoursSoFar(): number {
    return (this.#gatewayMs + this.#running * this.#nowMs - this.#requestedSum) / 3_600_000;
  }

  #sample(): void {
    this.#result.samples.push({
      atMs: this.#nowMs,
      ...this.#counts(),
      waiting: this.#queue.length,
      gatewayHours: this.#hoursSoFar(),
    });
  }
}
