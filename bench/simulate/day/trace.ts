import { readFileSync } from 'node:fs';

/** One call of a day. */
export interface TraceCall {
  /** Epoch milliseconds. */
  startMs: number;
  /** How long it holds its gateway once it has one. */
  durationMs: number;
}

export interface Trace {
  /** In order of their starts. */
  calls: TraceCall[];
  /** Minutes east of UTC that the file's times are written in. */
  offsetMin: number;
  /** yyyy-mm-dd in that offset: the day that the first call starts on. */
  date: string;
}

/** A trace that cannot be read; the message says why. */
export class TraceError extends Error {
  override name = 'TraceError';
}

/** A call that ends when or before it starts (the real day has 18) still takes a gateway, for this long. */
const shortestMs = 1000;

const header = /^"?start"?,"?end"?$/i;
const row = /^"?([^",]+)"?,"?([^",]+)"?$/;
const offset = /([+-])(\d\d):(\d\d)$|Z$/;

/**
 * Reads calls from lines `start,end`: ISO times with their offset, with or without quotes, in any order, after a
 * header `start,end` or without one.
 * @param text the file's
 * @throws TraceError naming the line that is none of these
 */
export function parseTrace(text: string): Trace {
  const calls: TraceCall[] = [];
  let offsetMin: number | undefined;
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, start = '', end = ''] = row.exec(line.trim()) ?? [];
    const zone = offset.exec(start);
    const startMs = Date.parse(start);
    const endMs = Date.parse(end);
    if (at === 0 && header.test(line.trim())) continue;
    if (zone === null || !offset.test(end) || Number.isNaN(startMs + endMs)) {
      throw new TraceError(`line ${at + 1} is not two times with their offset: ${line}`);
    }
    offsetMin ??= (zone[1] === '-' ? -1 : 1) * (Number(zone[2] ?? 0) * 60 + Number(zone[3] ?? 0));
    calls.push({ startMs, durationMs: Math.max(shortestMs, endMs - startMs) });
  }
  calls.sort((a, b) => a.startMs - b.startMs);
  const first = calls[0];
  if (first === undefined || offsetMin === undefined) throw new TraceError('the trace has no calls');
  return { calls, offsetMin, date: isoAt(first.startMs, offsetMin).slice(0, 10) };
}

/** @throws TraceError */
export function readTrace(file: string): Trace {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TraceError(
      `the trace cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return parseTrace(text);
}

/** @returns the calls as `parseTrace` reads them. */
export function writeTrace({ calls, offsetMin }: Trace): string {
  const line = ({ startMs, durationMs }: TraceCall) =>
    `"${isoAt(startMs, offsetMin)}","${isoAt(startMs + durationMs, offsetMin)}"\n`;
  return calls.map(line).join('');
}

/** Epoch milliseconds of a day's 00:00. */
export function midnightMs(date: string, offsetMin: number): number {
  return Date.parse(`${date}T00:00:00Z`) - offsetMin * 60_000;
}

/** yyyy-mm-ddThh:mm:ss±hh:mm */
function isoAt(atMs: number, offsetMin: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const local = new Date(atMs + offsetMin * 60_000).toISOString().slice(0, 19);
  const minutes = Math.abs(offsetMin);
  return `${local}${offsetMin < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** yyyy-mm-dd so many days later. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
