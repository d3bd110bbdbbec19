import { readFileSync } from 'node:fs';

/* Draws docs/run.svg from run.txt: a terminal, dark in either theme. */

const lineHeight = 19;
const charWidth = 8.05;
const margin = 18;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

const classOf = (line: string): string => {
  if (line.startsWith('$')) return 'prompt';
  if (/^Ready| answered /.test(line)) return 'good';
  return / {2,}(SIP|rooms|place|see|stop) /.test(`  ${line}`) ? 'hint' : 'plain';
};

/** @returns docs/run.svg */
export function runPicture(): string {
  const text = readFileSync(new URL('./run.txt', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  while (lines.at(-1) === '') lines.pop();
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * charWidth) + 2 * margin;
  const height = lines.length * lineHeight + 2 * margin;
  // Renderers drop blanks at the start of a text.
  const indent = (line: string) => (line.length - line.trimStart().length) * charWidth;
  const rows = lines.map(
    (line, index) =>
      `<text class="${classOf(line)}" x="${(margin + indent(line)).toFixed(1)}" y="${margin + lineHeight * (index + 0.75)}">${escaped(line.trimStart())}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: npm start says what listens, a call is placed, answered and ended">
<style>
rect { fill: #11171e; }
text { font: 13.4px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d5dde5; }
.prompt { fill: #56b4e9; font-weight: 600; }
.good { fill: #4fd1a5; }
.hint { fill: #a9b6c3; }
</style>
<rect width="${width}" height="${height}" rx="8"/>
${rows.join('\n')}
</svg>
`;
}
