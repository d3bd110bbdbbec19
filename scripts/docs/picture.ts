import { readFileSync } from 'node:fs';

/*
 * Draws docs/architecture.svg from picture.txt: boxes where the text puts them, and arrows between their sides. Colours
 * follow the reader's light or dark theme.
 */

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  kind: string;
  title: string;
  lines: string[];
}

interface Point {
  x: number;
  y: number;
}

const width = 1240;
const height = 470;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** `left`, `right-1` (the first quarter of the right side), `top`, … */
function pointAt({ x, y, width: w, height: h }: Box, side: string): Point {
  const [name = '', quarter] = side.split('-');
  const along = quarter === undefined ? 0.5 : Number(quarter) / 4;
  switch (name) {
    case 'left':
      return { x, y: y + h * along };
    case 'right':
      return { x: x + w, y: y + h * along };
    case 'top':
      return { x: x + w * along, y };
    case 'bottom':
      return { x: x + w * along, y: y + h };
    default:
      throw new Error(`no side ${side}`);
  }
}

function drawBox({ x, y, width: w, height: h, kind, title, lines }: Box): string {
  const middle = x + w / 2;
  const first = y + h / 2 - (lines.length * 19) / 2 + 4;
  const text = lines.map(
    (line, index) =>
      `<text class="line" x="${middle}" y="${first + 19 * (index + 1)}">${escaped(line)}</text>`,
  );
  return [
    `<rect class="${kind}" x="${x}" y="${y}" width="${w}" height="${h}" rx="10"/>`,
    `<text class="title" x="${middle}" y="${first}">${escaped(title)}</text>`,
    ...text,
  ].join('\n');
}

function drawArrow(from: Point, to: Point, style: string, isBent: boolean, label: string): string {
  const outward = from.x > 800 && isBent ? 60 : 0;
  const path = isBent
    ? outward > 0
      ? `M${from.x} ${from.y} h${outward} V${to.y} H${to.x}`
      : `M${from.x} ${from.y} V${to.y} H${to.x}`
    : `M${from.x} ${from.y} L${to.x} ${to.y}`;
  const start = style === 'one' ? '' : ' marker-start="url(#tip)"';
  const at = isBent
    ? outward > 0
      ? { x: from.x + outward + 8, y: (from.y + to.y) / 2, anchor: 'start' }
      : { x: (from.x + to.x) / 2, y: to.y + 24, anchor: 'middle' }
    : Math.abs(from.x - to.x) < 4
      ? { x: from.x + 10, y: (from.y + to.y) / 2 + 5, anchor: 'start' }
      : { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - 9, anchor: 'middle' };
  const words = label.split(' / ');
  const texts = words.map((word, index) => {
    const y = at.y - 16 * (words.length - 1 - index);
    return `<text class="label" x="${at.x}" y="${y}" text-anchor="${at.anchor}">${escaped(word)}</text>`;
  });
  return [`<path class="${style}" d="${path}"${start} marker-end="url(#tip)"/>`, ...texts].join('\n');
}

const style = `
svg { font-family: system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
.back { fill: #ffffff; }
rect.outside { fill: #fdf6e7; stroke: #b7791f; }
rect.edge { fill: #e6f4f1; stroke: #00755b; }
rect.aws { fill: #e9f1fb; stroke: #0b5fa5; }
rect { stroke-width: 1.5; }
text { fill: #1d2733; }
.title { font-size: 17px; font-weight: 600; text-anchor: middle; }
.line { font-size: 13.5px; text-anchor: middle; }
.label { font-size: 13px; fill: #4a5765; }
path { stroke: #4a5765; stroke-width: 1.6; fill: none; }
path.dashed { stroke-dasharray: 6 5; }
marker path { fill: #4a5765; stroke: none; }
@media (prefers-color-scheme: dark) {
  .back { fill: #10161d; }
  rect.outside { fill: #2c2413; stroke: #d9a441; }
  rect.edge { fill: #10302a; stroke: #2bb193; }
  rect.aws { fill: #12283f; stroke: #5aa2e6; }
  text { fill: #e7edf3; }
  .label { fill: #a9b6c3; }
  path { stroke: #a9b6c3; }
  marker path { fill: #a9b6c3; }
}`;

/** @returns docs/architecture.svg. @throws where the text names a box that it does not have */
export function architecturePicture(): string {
  const boxes = new Map<string, Box>();
  const arrows: string[] = [];
  const text = readFileSync(new URL('./picture.txt', import.meta.url), 'utf8');
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const [head = '', title = '', ...lines] = line.split('|').map((part) => part.trim());
    const [what, name = '', ...rest] = head.split(' ');
    if (what === 'box') {
      const [x, y, w, h] = rest.map(Number) as [number, number, number, number];
      boxes.set(name, { x, y, width: w, height: h, kind: rest[4] ?? '', title, lines });
    } else {
      const [side = '', to = '', toSide = '', kind = '', bend] = rest;
      const [first, second] = [boxes.get(name), boxes.get(to)];
      if (!first || !second) throw new Error(`no box ${name} or ${to}`);
      arrows.push(drawArrow(pointAt(first, side), pointAt(second, toSide), kind, bend === 'bend', title));
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Endpoint, SIP edge, functions, table, bus, ECS and gateway, and what goes between them">
<style>${style}</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z"/></marker></defs>
<rect class="back" width="${width}" height="${height}"/>
${arrows.join('\n')}
${[...boxes.values()].map(drawBox).join('\n')}
</svg>
`;
}
