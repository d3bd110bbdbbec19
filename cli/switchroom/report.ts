import type { CallRecordView } from '../../contracts/api/views.ts';
import { isFailure } from '../../contracts/outcomes.ts';

/* A day in figures, out of the records of the calls that were over on it. */

const hourMs = 3_600_000;
const topCallers = 10;

export interface DaySums {
  day: string;
  calls: number;
  answered: number;
  cancelled: number;
  failed: number;
  /** Most calls that were answered and not over at once, and since when. */
  peak: { calls: number; at?: string };
  talkSec: number;
  gatewaySec: number;
  /** What those seconds of gateways cost; only where a price was given. */
  usd?: number;
  waits: { calls: number; meanSec: number; p95Sec: number; longestSec: number };
  /** By the hour of UTC in which a call was over. */
  hours: { hour: number; calls: number; failed: number; talkSec: number }[];
  failures: { outcome: string; calls: number }[];
  callers: { caller: string; calls: number; failed: number; talkSec: number }[];
}

const seconds = (value: number) => Math.round(value * 1000) / 1000;

export class DayReport {
  readonly #fromMs: number;
  readonly #outcomes = new Map<string, number>();
  readonly #callers = new Map<string, { calls: number; failed: number; talkSec: number }>();
  readonly #hours = Array.from({ length: 24 }, (_, hour) => ({ hour, calls: 0, failed: 0, talkSec: 0 }));
  readonly #waits: number[] = [];
  /** When answered calls began and ended: +1 and -1. */
  readonly #changes: { at: number; by: 1 | -1 }[] = [];
  #talkSec = 0;
  #gatewaySec = 0;

  /** @param fromMs the day's first moment */
  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }

  add({ outcome, endedAt, answeredAt, waitedSec, talkSec, gatewaySec, caller }: CallRecordView): void {
    const failed = Number(isFailure(outcome));
    const end = Date.parse(endedAt);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    this.#talkSec += talkSec;
    this.#gatewaySec += gatewaySec;
    if (waitedSec > 0) this.#waits.push(waitedSec);
    if (answeredAt !== undefined) {
      this.#changes.push({ at: Date.parse(answeredAt), by: 1 }, { at: end, by: -1 });
    }
    const who = caller?.uri ?? '';
    const ofCaller = this.#callers.get(who) ?? { calls: 0, failed: 0, talkSec: 0 };
    this.#callers.set(who, ofCaller);
    const ofHour = this.#hours[Math.floor((end - this.#fromMs) / hourMs)];
    for (const sums of [ofCaller, ...(ofHour ? [ofHour] : [])]) {
      sums.calls += 1;
      sums.failed += failed;
      sums.talkSec += talkSec;
    }
  }

  /** @param hourPrice what a gateway costs by the hour, USD */
  sums(hourPrice: number | undefined): DaySums {
    const count = (outcome: string) => this.#outcomes.get(outcome) ?? 0;
    const calls = [...this.#outcomes.values()].reduce((sum, one) => sum + one, 0);
    const [answered, cancelled] = [count('answered'), count('cancelled')];
    const rounded = <T extends { talkSec: number }>(one: T) => ({ ...one, talkSec: seconds(one.talkSec) });
    return {
      day: new Date(this.#fromMs).toISOString().slice(0, 10),
      calls,
      answered,
      cancelled,
      failed: calls - answered - cancelled,
      peak: this.#peak(),
      talkSec: seconds(this.#talkSec),
      gatewaySec: seconds(this.#gatewaySec),
      ...(hourPrice !== undefined && { usd: Math.round((this.#gatewaySec / 3600) * hourPrice * 100) / 100 }),
      waits: this.#waitSums(),
      hours: this.#hours.filter((one) => one.calls > 0).map(rounded),
      failures: [...this.#outcomes]
        .filter(([outcome]) => outcome !== 'answered' && outcome !== 'cancelled')
        .map(([outcome, number]) => ({ outcome, calls: number }))
        .sort((a, b) => b.calls - a.calls),
      callers: [...this.#callers]
        .map(([caller, sums]) => rounded({ caller, ...sums }))
        .sort((a, b) => b.calls - a.calls)
        .slice(0, topCallers),
    };
  }

  #peak(): DaySums['peak'] {
    // Of one moment ends count first: a call that follows another is none beside it.
    const inOrder = this.#changes.toSorted((a, b) => a.at - b.at || a.by - b.by);
    let now = 0;
    let peak: DaySums['peak'] = { calls: 0 };
    for (const { at, by } of inOrder) {
      now += by;
      if (now > peak.calls) peak = { calls: now, at: new Date(at).toISOString() };
    }
    return peak;
  }

  #waitSums(): DaySums['waits'] {
    const waits = this.#waits.toSorted((a, b) => a - b);
    const sum = waits.reduce((total, one) => total + one, 0);
    return {
      calls: waits.length,
      meanSec: seconds(sum / Math.max(1, waits.length)),
      p95Sec: waits[Math.ceil(waits.length * 0.95) - 1] ?? 0,
      longestSec: waits.at(-1) ?? 0,
    };
  }
}
