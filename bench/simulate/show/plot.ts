import { midnightMs, type Trace } from '../day/trace.ts';
import type { Replayed, Sample } from '../replayed.ts';
import { figuresOf } from '../simulate.ts';
import {
  area,
  curve,
  dot,
  hourAxis,
  leftAxis,
  legend,
  niceStep,
  type Panel,
  type Point,
  text,
} from './svg.ts';

export interface Plotted {
  title: string;
  policy: string;
  day: Trace;
  played: Replayed;
  /** The same day under the original's policy, drawn beside it. */
  original: Replayed;
}

const width = 1000;
const left = 64;
const inner = width - left - 24;
/** Samples are a minute apart; every third is drawn. */
const every = 3;

const style = `
text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:17px;font-weight:600}.axis-title{font-weight:600}
.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#e4e4e4;fill:none}.tick{stroke:#888;fill:none}
.calls{fill:#3b76af}.free{fill:#8cc084}.starting{fill:#f0b24a}
.line-original{stroke:#b03a2e;stroke-width:1.4;stroke-dasharray:5 3;fill:none}
.line-free{stroke:#4b8f43;stroke-width:1.5;fill:none}.line-starting{stroke:#d98e13;stroke-width:1.5;fill:none}
.line-own{stroke:#222;stroke-width:2;fill:none}.line-calls{stroke:#3b76af;stroke-width:2;fill:none}
.dot-own{fill:#3b76af}.dot-original{fill:#b03a2e;fill-opacity:.35}`;

/** The day as a picture: who was in a call, what stood ready, who waited, and what it cost. */
export function plot(plotted: Plotted): string {
  const { day, played, original, title, policy } = plotted;
  const from = midnightMs(day.date, day.offsetMin);
  const hours = (atMs: number) => (atMs - from) / 3_600_000;
  const samples = thinned(played.samples);
  const others = thinned(original.samples);
  const end = Math.max(24, hours(samples.at(-1)?.atMs ?? from));
  const panel = (top: number, height: number, high: number, ticks: number): [Panel, number] => {
    const step = niceStep(Math.max(1, high), ticks);
    const y = [0, Math.ceil(Math.max(1, high) / step) * step] as const;
    return [{ left, top, width: inner, height, x: [0, end], y }, step];
  };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 1010" role="img"><title>${title}</title>`,
    `<style>${style}</style>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(left, 28, `${title} (${day.date}), policy ${policy}`, 'title'),
    text(left, 48, summary(policy, played)),
    text(left, 65, summary('original', original)),
    gateways(panel(110, 290, most([...samples, ...others], totalOf), 6), samples, others, hours),
    ready(
      panel(
        470,
        150,
        most(samples, (one) => Math.max(one.free, one.starting)),
        4,
      ),
      samples,
      hours,
    ),
    waits(panel(690, 100, 90, 3), played, original, hours),
    cost(
      panel(
        860,
        110,
        most([...samples, ...others], (one) => one.gatewayHours),
        4,
      ),
      plotted,
      samples,
      others,
      hours,
    ),
    '</svg>\n',
  ];
  return parts.join('\n');
}

type Hours = (atMs: number) => number;

function gateways([panel, step]: [Panel, number], samples: Sample[], others: Sample[], hours: Hours): string {
  const sums: ((one: Sample) => number)[] = [
    () => 0,
    (one) => one.busy,
    (one) => one.busy + one.free,
    (one) => one.busy + one.free + one.starting,
  ];
  const [zero = [], busy = [], free = [], starting = []] = sums.map((sum) => points(samples, hours, sum));
  return [
    leftAxis(panel, step, 'Gateways'),
    area(panel, zero, busy, 'calls'),
    area(panel, busy, free, 'free'),
    area(panel, free, starting, 'starting'),
    curve(panel, points(others, hours, totalOf), 'line-original'),
    hourAxis(panel),
    legend(left + inner, panel.top - 10, [
      ['calls', 'in calls'],
      ['free', 'free'],
      ['starting', 'starting'],
      ['line-original', 'all, original'],
    ]),
  ].join('\n');
}

function ready([panel, step]: [Panel, number], samples: Sample[], hours: Hours): string {
  return [
    leftAxis(panel, step, 'Gateways free and starting'),
    curve(
      panel,
      points(samples, hours, (one) => one.starting),
      'line-starting',
    ),
    curve(
      panel,
      points(samples, hours, (one) => one.free),
      'line-free',
    ),
    hourAxis(panel),
    legend(left + inner, panel.top - 10, [
      ['line-free', 'free'],
      ['line-starting', 'starting'],
    ]),
  ].join('\n');
}

function waits([panel]: [Panel, number], played: Replayed, original: Replayed, hours: Hours): string {
  const dots = (run: Replayed, kind: string) =>
    run.waited.map(({ atMs, sec }) => dot(panel, [hours(atMs), Math.min(sec, panel.y[1])], kind)).join('');
  const count = (run: Replayed) => run.waited.length.toLocaleString('en');
  return [
    leftAxis(panel, 30, 'Seconds waited, each call that did'),
    dots(original, 'dot-original'),
    dots(played, 'dot-own'),
    hourAxis(panel),
    legend(left + inner, panel.top - 10, [
      ['dot-own', `this policy: ${count(played)} calls`],
      ['dot-original', `original: ${count(original)} calls`],
    ]),
  ].join('\n');
}

function cost(
  [panel, step]: [Panel, number],
  { day }: Plotted,
  samples: Sample[],
  others: Sample[],
  hours: Hours,
): string {
  const spent = (one: Sample) => one.gatewayHours;
  return [
    leftAxis(panel, step, 'Hours so far'),
    curve(panel, points(others, hours, spent), 'line-original'),
    curve(panel, points(samples, hours, spent), 'line-own'),
    curve(panel, callHours(day, samples, hours), 'line-calls'),
    hourAxis(panel),
    legend(left + inner, panel.top - 10, [
      ['line-calls', 'of calls'],
      ['line-own', 'of gateways'],
      ['line-original', 'of gateways, original'],
    ]),
  ].join('\n');
}

/** Hours of calls up to each sample, as if none had waited. */
function callHours({ calls }: Trace, samples: Sample[], hours: Hours): Point[] {
  return samples.map(({ atMs }) => {
    const doneMs = calls.reduce(
      (sum, { startMs, durationMs }) => sum + Math.max(0, Math.min(durationMs, atMs - startMs)),
      0,
    );
    return [hours(atMs), doneMs / 3_600_000];
  });
}

function summary(policy: string, run: Replayed): string {
  const { gatewayHoursPerCallHour, waitedPct, refused, starts, gatewayHours } = figuresOf(run);
  return [
    `${policy}: ${Math.round(gatewayHours).toLocaleString('en')} gateway-hours for ${Math.round(run.callHours).toLocaleString('en')} hours of calls`,
    `${gatewayHoursPerCallHour.toFixed(3)} per hour`,
    `${waitedPct.toFixed(2)} % waited`,
    `${refused} refused`,
    `${starts.toLocaleString('en')} starts`,
  ].join(' · ');
}

function totalOf(one: Sample): number {
  return one.busy + one.free + one.starting + one.draining;
}

function most(samples: readonly Sample[], of: (one: Sample) => number): number {
  return samples.reduce((high, one) => Math.max(high, of(one)), 0);
}

function points(samples: readonly Sample[], hours: Hours, of: (one: Sample) => number): Point[] {
  return samples.map((one) => [hours(one.atMs), of(one)]);
}

function thinned(samples: readonly Sample[]): Sample[] {
  return samples.filter((_, at) => at % every === 0 || at === samples.length - 1);
}
