/** Printable letters alone: text of a caller shall move no cursor and colour no screen. */
export const plain = (text: string) => text.replaceAll(/[^\P{C}]/gu, '?');

/** Its beginning, where it is longer: as much as tells it from others. */
export const shortened = (text: string, most: number) =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/**
 * Columns as wide as their widest cell; the last one is free.
 * @param paint colours a cell, after its width is known
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string) => string = (cell) => cell,
): string {
  const all = [header, ...rows].map((row) => row.map(plain));
  const widths = header.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], at: number) =>
    row
      .map((cell, column) => {
        const rest = ' '.repeat(Math.max(0, (widths[column] ?? 0) - cell.length));
        return `${at === 0 ? cell : paint(cell)}${rest}`;
      })
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}

const minuteSec = 60;
const hourSec = 3600;

/** `8 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(sec: number): string {
  const whole = Math.max(0, Math.round(sec));
  if (whole < minuteSec) return `${whole} s`;
  if (whole < hourSec) return `${Math.floor(whole / minuteSec)} min ${whole % minuteSec} s`;
  return `${Math.floor(whole / hourSec)} h ${Math.floor((whole % hourSec) / minuteSec)} min`;
}

/** How long ago, or how long until: two times, the one of the API as ISO text. */
export const secondsBetween = (from: string | number, to: string | number) =>
  (new Date(to).getTime() - new Date(from).getTime()) / 1000;

/** `2026-11-30 09:02:11`, UTC. */
export const clock = (at: string) => at.slice(0, 19).replace('T', ' ');

/** A gateway of ours by the beginning of its task's id, any other by its whole name. */
export const gatewayName = (username: string) =>
  /^[0-9a-f]{32}\./.test(username) ? `${username.slice(0, 8)}…` : username;

export const callName = (callId: string) => shortened(callId, 14);
