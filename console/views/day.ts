import { useMemo } from 'preact/hooks';
import type { DayView } from '../../contracts/api/pool-views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Freshness } from '../parts/parts.ts';
import { Plot, type PlotProps, type Series } from '../parts/plot.ts';
import { stateText } from '../text.ts';
import { told, word } from '../words.ts';

/** A new minute is there once a minute. */
const everyMs = 30_000;
/** From the ground up: those that are held, or leave, stand on what is compared with what was wanted. */
const states = ['busy', 'locked', 'free', 'starting', 'held', 'draining'] as const;
/** Of failures, in the order of their words; more than these repeat them. */
const failureColours = ['--failed', '--locked', '--draining', '--busy', '--starting'];

const today = () => new Date().toISOString().slice(0, 10);

/**
 * A day by the minute: what came, what was there for it, who waited, and what failed, beside what the policy expected. The
 * day stands in the address.
 */
export function Day({ query }: { query: URLSearchParams }) {
  const day = query.get('day') ?? today();
  const polled = usePolled<DayView>(`/day?day=${encodeURIComponent(day)}`, everyMs);
  const { data } = polled;
  const plots = useMemo(() => (data === undefined ? [] : plotsOf(data)), [data]);
  return html`<${Freshness} polled=${polled} />
    <form class="filters"><label>${word.day} (UTC)<input type="date" value=${day} max=${today()} onChange=${(
      event: Event,
    ) => {
      location.hash = `#/day?day=${(event.target as HTMLInputElement).value}`;
    }} /></label></form>
    ${
      data?.free.every((value) => value === null)
        ? html`<p class="empty">${word.noSamples}</p>`
        : plots.map((plot) => html`<${Plot} key=${plot.title} ...${plot} />`)
    }`;
}

function plotsOf(data: DayView): PlotProps[] {
  const time = { fromSec: Date.parse(data.day) / 1000, everySec: data.everySec };
  const failures: Series[] = data.failed.map(({ word: failure, calls: values }, n) => ({
    label: told({ ...word.causes, ...word.outcomes }, failure),
    values,
    colour: failureColours[n % failureColours.length] as string,
  }));
  return [
    {
      ...time,
      title: word.calls,
      series: [
        { label: word.inProgress, values: data.busy, colour: '--busy' },
        { label: word.cameInMinute, values: data.calls, colour: '--free' },
        ...expected(word.foreseenInMinute, data.foreseen),
      ],
    },
    {
      ...time,
      title: word.gateways,
      isStacked: true,
      series: [
        ...states.map((state) => ({ label: stateText(state), values: data[state], colour: `--${state}` })),
        ...expected(word.wantedInAll, wantedInAll(data)),
      ],
    },
    {
      ...time,
      title: word.waiting,
      series: [{ label: word.waiting, values: data.waiting, colour: '--locked' }],
    },
    ...(failures.length > 0 ? [{ ...time, title: word.failed, isStacked: true, series: failures }] : []),
  ];
}

/** None where nothing was expected all day: by a policy that does not forecast, or before it was kept. */
const expected = (label: string, values: DayView['wanted']): Series[] =>
  values.some((value) => value !== null) ? [{ label, values, colour: '--text', isExpected: true }] : [];

/** Free ones are wanted beside those in calls, and one for each call that waits. */
const wantedInAll = ({ wanted, ...data }: DayView) =>
  wanted.map((free, minute) =>
    free === null
      ? null
      : free +
        (['busy', 'locked', 'waiting'] as const).reduce((sum, one) => sum + (data[one][minute] ?? 0), 0),
  );
