/** The rectangle that data is drawn into, and the scales of its axes. */
export interface Panel {
  left: number;
  top: number;
  width: number;
  height: number;
  /** What stands at the left and right edge. */
  x: readonly [number, number];
  /** What stands at the bottom and at the top. */
  y: readonly [number, number];
}

export type Point = readonly [number, number];

function px(panel: Panel, x: number): number {
  return panel.left + ((x - panel.x[0]) / (panel.x[1] - panel.x[0])) * panel.width;
}

function py(panel: Panel, y: number): number {
  return panel.top + panel.height - ((y - panel.y[0]) / (panel.y[1] - panel.y[0])) * panel.height;
}

const short = (value: number) => String(Math.round(value * 10) / 10);

function line(panel: Panel, points: readonly Point[]): string {
  return points.map(([x, y]) => `${short(px(panel, x))} ${short(py(panel, y))}`).join('L');
}

export function curve(panel: Panel, points: readonly Point[], kind: string): string {
  return `<path class="${kind}" d="M${line(panel, points)}"/>`;
}

/** The area between two curves over the same x. */
export function area(panel: Panel, low: readonly Point[], high: readonly Point[], kind: string): string {
  return `<path class="${kind}" d="M${line(panel, low)}L${line(panel, [...high].reverse())}Z"/>`;
}

export function dot(panel: Panel, [x, y]: Point, kind: string): string {
  return `<circle class="${kind}" cx="${short(px(panel, x))}" cy="${short(py(panel, y))}" r="2.5"/>`;
}

export function text(x: number, y: number, content: string, kind = ''): string {
  return `<text x="${short(x)}" y="${short(y)}"${kind === '' ? '' : ` class="${kind}"`}>${content}</text>`;
}

/** Grid lines and numbers of the left axis, and what it counts. */
export function leftAxis(panel: Panel, step: number, title: string): string {
  const parts = [text(panel.left, panel.top - 10, title, 'axis-title')];
  for (let y = panel.y[0]; y <= panel.y[1] + step / 1000; y += step) {
    const at = short(py(panel, y));
    parts.push(`<path class="grid" d="M${panel.left} ${at}H${panel.left + panel.width}"/>`);
    parts.push(text(panel.left - 8, py(panel, y) + 4, y.toLocaleString('en'), 'end'));
  }
  return parts.join('');
}

/** Hours of the day below a panel whose x is in hours. */
export function hourAxis(panel: Panel): string {
  const parts: string[] = [];
  const bottom = panel.top + panel.height;
  for (let hour = Math.ceil(panel.x[0]); hour <= panel.x[1]; hour += 1) {
    const at = short(px(panel, hour));
    const full = hour % 2 === 0;
    parts.push(`<path class="tick" d="M${at} ${bottom}v${full ? 6 : 3}"/>`);
    if (full) {
      parts.push(text(px(panel, hour), bottom + 19, `${String(hour % 24).padStart(2, '0')}:00`, 'middle'));
    }
  }
  return parts.join('');
}

/** A step of 1, 2 or 5 times a power of ten, so that the axis has about so many. */
export function niceStep(range: number, count: number): number {
  const rough = range / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
}

/** Coloured marks with their names, from right to left. */
export function legend(
  right: number,
  y: number,
  entries: readonly (readonly [kind: string, name: string])[],
): string {
  let at = right;
  const parts: string[] = [];
  for (const [kind, name] of [...entries].reverse()) {
    at -= name.length * 6.6;
    parts.push(text(at, y, name));
    at -= 20;
    parts.push(
      kind.startsWith('line')
        ? `<path class="${kind}" d="M${short(at)} ${y - 4}h15"/>`
        : kind.startsWith('dot')
          ? `<circle class="${kind}" cx="${short(at + 9)}" cy="${y - 4}" r="3.5"/>`
          : `<rect class="${kind}" x="${short(at)}" y="${y - 10}" width="14" height="11"/>`,
    );
    at -= 16;
  }
  return parts.join('');
}
