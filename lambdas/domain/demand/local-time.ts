export interface LocalTime {
  /** 0 is Sunday. */
  weekday: number;
  /** What the clock on the wall shows, in seconds since its 00:00:00. */
  secOfDay: number;
  /** yyyy-mm-dd */
  date: string;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formatters.set(timeZone, made);
  return made;
}

/**
 * The clock on the wall in a time zone. When clocks go forward an hour is never shown, when they go back one is shown
 * twice: whoever asks by the wall needs no rule of his own for these days.
 * @param timeZone an IANA name
 */
export function localTime(atMs: number, timeZone: string): LocalTime {
  const shown: Record<string, string> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(atMs)) shown[type] = value;
  const date = `${shown.year}-${shown.month}-${shown.day}`;
  const secOfDay = Number(shown.hour) * 3600 + Number(shown.minute) * 60 + Number(shown.second);
  return { weekday: weekdayOf(date), secOfDay, date };
}

/** @param date yyyy-mm-dd */
export function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}
