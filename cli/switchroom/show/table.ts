import { plain } from '../../../command-line/plain.ts';

/** Its beginning, where it is longer: as much as tells it from others. */
export const shortened = (text: string, most: number) =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** What a screen has at least. */
const screenWidth = 80;
/** A column that is narrower is not read line by line. */
const leastWidth = 12;

/** In lines of a screen, between words; a word that is longer, such as an address, stays whole. */
function wrapped(text: string, indent: number): string[] {
  const most = Math.max(leastWidth, screenWidth - indent);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A name, and beside it what there is to say of it. @param indent where that begins */
export const beside = (name: string, text: string, indent: number): string =>
  `${name.padEnd(indent - 1)} ${wrapped(text, indent).join(`\n${' '.repeat(indent)}`)}`;

/**
 * Columns as wide as their widest cell; the last one goes on in the next line where the screen ends.
 * @param paint colours a cell, after its width is known
 * @param notes what is too long for a column, below each row that has any
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string) => string = (cell) => cell,
  notes: readonly (string | undefined)[] = [],
): string {
  const all = [header, ...rows].map((row) => row.map(plain));
  const widths = header.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1);
  const indent = before.reduce((sum, width) => sum + width + 2, 0);
  const line = (row: readonly string[], at: number) => {
    const [first = '', ...more] = wrapped(row[before.length] ?? '', indent);
    const cells = [...row.slice(0, before.length), first].map((cell, column) => {
      const rest = ' '.repeat(Math.max(0, (before[column] ?? 0) - cell.length));
      return `${at === 0 ? cell : paint(cell)}${rest}`;
    });
    const note = at === 0 ? undefined : notes[at - 1];
    return [
      cells.join('  ').trimEnd(),
      ...more.map((text) => `${' '.repeat(indent)}${text}`),
      ...(note ? [beside('', plain(note), (widths[0] ?? 0) + 2)] : []),
    ].join('\n');
  };
  return all.map(line).join('\n');
}

const minuteSec = 60;
const hourSec = 3600;
const daySec = 24 * hourSec;

/** `8 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(sec: number): string {
  const whole = Math.max(0, Math.round(sec));
  if (whole < minuteSec) return `${whole} s`;
  if (whole < hourSec) return `${Math.floor(whole / minuteSec)} min ${whole % minuteSec} s`;
  return `${Math.floor(whole / hourSec)} h ${Math.floor((whole % hourSec) / minuteSec)} min`;
}

/** `8 s`, `3 min`, `2 h`, `29 d`. */
export function roughly(sec: number): string {
  const whole = Math.max(0, Math.round(sec));
  if (whole < minuteSec) return `${whole} s`;
  if (whole < hourSec) return `${Math.floor(whole / minuteSec)} min`;
  return whole < daySec ? `${Math.floor(whole / hourSec)} h` : `${Math.floor(whole / daySec)} d`;
}

/** How long ago, or how long until: two times, the one of the API as ISO text. */
export const secondsBetween = (from: string | number, to: string | number) =>
  (new Date(to).getTime() - new Date(from).getTime()) / 1000;

/** `2026-11-30 09:02:11`, UTC. */
export const clock = (at: string) => at.slice(0, 19).replace('T', ' ');

/** A gateway of ours by the beginning of its task's id, any other by its whole name. */
export const gatewayName = (username: string) =>
  /^[0-9a-f]{32}\./.test(username) ? `${username.slice(0, 8)}…` : username;

export const callName = (callId: string) => shortened(callId, 12);
