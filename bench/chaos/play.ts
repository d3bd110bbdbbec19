import { checkEnd, checkMoment } from './checks.ts';
import { Day, type DayOptions } from './day.ts';

/** How often all is looked at, in the day's own time. */
const momentMs = 10_000;

/** A day that is over. */
export interface Played {
  /** What did not hold; what was thrown and is no typed error of the functions, too. */
  readonly broken: string[];
  /** Tries that callers made. */
  readonly calls: number;
}

/** Plays a day to its end. */
export async function playDay(options: DayOptions): Promise<Played> {
  const day = new Day(options);
  const thrown: string[] = [];
  const note = (error: unknown) => void thrown.push(`thrown: ${String(error)}`);
  process.on('unhandledRejection', note);
  try {
    day.sim.every(momentMs, () => checkMoment(day));
    await day.play();
    checkEnd(day);
  } catch (error) {
    note(error);
  } finally {
    day.sim.end();
    process.off('unhandledRejection', note);
  }
  return {
    broken: [...day.broken, ...day.cloud.bugs, ...thrown],
    calls: [...day.callers.calls].length,
  };
}
