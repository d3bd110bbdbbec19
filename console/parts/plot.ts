import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from '../html.ts';
import { number, timeOfDay } from '../text.ts';
import { word } from '../words.ts';

/* A plot over the minutes of a day. */

export interface Series {
  label: string;
  /** A number for each minute; null: nothing is known of it. */
  values: readonly (number | null)[];
  /** A colour of the style sheet: `--busy`. */
  colour: string;
  /** What was expected: a dashed line over what came, and no part of what is stacked. */
  isExpected?: boolean;
}

export interface PlotProps {
  title: string;
  /** Of the first value, epoch seconds. */
  fromSec: number;
  everySec: number;
  series: readonly Series[];
  /** Each stands on the ones before it; the expected ones on none. */
  isStacked?: boolean;
}

const heightPx = 200;
const daySec = 24 * 3600;
/** There is no half a call. */
const wholeSteps = [1, 2, 5]
  .flatMap((one) => [0, 1, 2, 3].map((power) => one * 10 ** power))
  .sort((a, b) => a - b);

/** A colour as it is now: another one where the page is dark. */
const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const most = ({ values }: Series) => Math.max(0, ...values.map((value) => value ?? 0));

/** Where it is stacked the tallest is drawn first, and those below it over it; over all of them what was expected. */
const drawn = (series: readonly Series[]): Series[] => [...cameOf(series).reverse(), ...expectedOf(series)];
const cameOf = (series: readonly Series[]) => series.filter(({ isExpected }) => !isExpected);
const expectedOf = (series: readonly Series[]) => series.filter(({ isExpected }) => isExpected);

export function Plot(props: PlotProps) {
  const { title, series } = props;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = place.current;
    if (parent === null) return undefined;
    const plot = new uPlot(
      { ...optionsOf(props), width: parent.clientWidth, height: heightPx },
      dataOf(props),
      parent,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: parent.clientWidth, height: heightPx }));
    resized.observe(parent);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [props]);
  const peaks = series.map((one) => `${one.label} ${number(most(one))}`).join(', ');
  return html`<figure>
    <figcaption>${title}</figcaption>
    <div ref=${place} role="img" aria-label=${`${title}${word.colon}${peaks}`}></div>
  </figure>`;
}

function optionsOf({ fromSec, series, isStacked }: PlotProps) {
  const shown = drawn(series);
  const axis = { stroke: colourOf('--text'), grid: { stroke: colourOf('--line'), width: 1 } };
  return {
    // The day is one of UTC, whatever the browser's zone.
    tzDate: (sec: number) => uPlot.tzDate(new Date(sec * 1000), 'Etc/UTC'),
    scales: {
      x: { range: (): [number, number] => [fromSec, fromSec + daySec] },
      y: {
        range: (_plot: uPlot, _min: number, max: number): [number, number] => [0, Math.max(1, max * 1.05)],
      },
    },
    axes: [
      { ...axis, values: (_plot: uPlot, times: number[]) => times.map(timeOfDay) },
      {
        ...axis,
        size: 45,
        incrs: wholeSteps,
        values: (_plot: uPlot, counts: number[]) => counts.map((count) => number(count)),
      },
    ],
    // uPlot's first series is the time.
    legend: {
      live: false,
      markers: { dash: (_plot: uPlot, n: number) => (shown[n - 1]?.isExpected ? 'dashed' : 'solid') },
    },
    cursor: { show: false },
    series: [
      {},
      ...shown.map(({ label, colour, isExpected }) => {
        const stroke = colourOf(colour);
        if (isExpected) return { label, stroke, width: 2, dash: [6, 4] };
        return { label, stroke, width: 1, ...(isStacked && { fill: stroke }) };
      }),
    ],
  };
}

function dataOf({ fromSec, everySec, series, isStacked }: PlotProps): uPlot.AlignedData {
  const minutes = series[0]?.values.map((_value, minute) => fromSec + minute * everySec) ?? [];
  const heights: (number | null)[][] = [];
  for (const { values } of cameOf(series)) {
    const below = isStacked ? heights.at(-1) : undefined;
    heights.push(values.map((value, at) => (value === null ? null : value + (below?.[at] ?? 0))));
  }
  return [minutes, ...heights.reverse(), ...expectedOf(series).map(({ values }) => [...values])];
}
