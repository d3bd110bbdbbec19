/** Columns as wide as their widest cell; the last one is free. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
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
