import { checkEnd, checkMoment } from './checks.ts';
import { Day, type DayOptions } from './day.ts';

/** How often all is looked at, in the day's own time. */
const momentMs = 10_000;

/** Plays a day to its end. @returns what did not hold; what is thrown and is no typed error of the functions, too */
export async function playDay(options: DayOptions): Promise<string[]> {
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
  return [...day.broken, ...day.cloud.bugs, ...thrown];
}
