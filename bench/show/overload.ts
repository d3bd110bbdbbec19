import type { Overload, OverloadRow, OverloadRun } from '../measure/overload.ts';
import { curve, leftAxis, legend, niceStep, type Panel, text } from '../simulate/show/svg.ts';

/* What `npm run bench -- --only overload` measured, for docs/bench.md. */

const width = 720;
const height = 360;
const left = 64;

const style = `
text{font:12px system-ui,sans-serif;fill:#333}.axis-title{font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:#e4e4e4;fill:none}.tick{stroke:#888;fill:none}.line-offered{stroke:#999;stroke-dasharray:2 3;fill:none}
.line-here{stroke:#3b76af;stroke-width:2;fill:none}.line-before{stroke:#b03a2e;stroke-width:1.6;stroke-dasharray:5 3;fill:none}`;

/** @returns an SVG: calls answered in time by calls offered */
export function overloadPlot({ here, before }: Overload): string {
  const rates = here.loads.map(({ perSec }) => perSec);
  const most = Math.max(...rates);
  const best = Math.max(...[here, before].flatMap((run) => run?.loads.map((row) => row.goodputPerSec) ?? []));
  const step = niceStep(best, 5);
  const top = Math.ceil(best / step) * step;
  const panel: Panel = {
    left,
    top: 48,
    width: width - left - 24,
    height: height - 108,
    x: [0, most],
    y: [0, top],
  };
  const line = (run: OverloadRun, kind: string) =>
    curve(
      panel,
      run.loads.map(({ perSec, goodputPerSec }) => [perSec, goodputPerSec] as const),
      kind,
    );
  const bottom = panel.top + panel.height;
  const ticks = rates.map((rate) => {
    const x = left + (rate / most) * panel.width;
    return `<path class="tick" d="M${x} ${bottom}v6"/>${text(x, bottom + 20, String(rate), 'middle')}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img"><title>Overload</title>`,
    `<style>${style}</style>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    leftAxis(panel, step, 'Calls answered within 3 s, a second'),
    ...ticks,
    text(left + panel.width / 2, bottom + 42, 'calls offered a second', 'middle'),
    curve(
      panel,
      [
        [0, 0],
        [top, top],
      ],
      'line-offered',
    ),
    before ? line(before, 'line-before') : '',
    line(here, 'line-here'),
    legend(left + panel.width, panel.top - 14, [
      ['line-offered', 'as many as offered'],
      ...(before ? [['line-before', 'before'] as const] : []),
      ['line-here', 'with overload control'],
    ]),
    '</svg>\n',
  ].join('\n');
}

/** @returns a table and what follows of it, in Markdown */
export function overloadTable({ here, before }: Overload): string {
  const rows = here.loads.map((row, index) => {
    const earlier = before?.loads[index];
    const cells = [
      ...cellsOf(row, here.capacityPerSec),
      `${row.memoryMb} MB`,
      earlier ? `${earlier.goodputPerSec}/s, ${earlier.failed} failed` : '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| offered | answered within 3 s | set-up, p50, p99 | refused, p50, p99 | else | memory | before |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `- now: ${endingOf(here)}`,
    ...(before ? [`- before: ${endingOf(before)}`] : []),
    '',
  ].join('\n');
}

function cellsOf(
  { perSec, goodputPerSec, answered, shed, noGateway, failed }: OverloadRow,
  capacityPerSec: number,
) {
  const times = Math.round((perSec / capacityPerSec) * 10) / 10;
  return [
    `${perSec}/s, ${times} times`,
    `${goodputPerSec}/s`,
    `${answered.p50Ms}, ${answered.p99Ms} ms`,
    shed.count === 0 ? 'none' : `${shed.count}: ${shed.p50Ms}, ${shed.p99Ms} ms`,
    String(failed + noGateway.count),
  ];
}

const endingOf = ({ recovery, refusedRegisters, lost, doubleLocks }: OverloadRun): string =>
  [
    `at ${recovery.perSec}/s after it all calls are answered from ${recovery.afterSec} s on`,
    `${refusedRegisters} REGISTERs refused and tried again`,
    `${lost} gateways lost`,
    `${doubleLocks} given twice`,
  ].join('; ');
