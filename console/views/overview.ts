import type { Status } from '../../contracts/api/pool-views.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Freshness, State } from '../parts/parts.ts';
import { clock, decisionText, duration, number, stateText } from '../text.ts';
import { word } from '../words.ts';
import { LiveCalls } from './calls.ts';
import { EdgeState } from './edges.ts';

const states = ['free', 'locked', 'busy', 'starting', 'draining', 'silent', 'held'] as const;

/** Is it up, are there gateways, are calls failing? */
export function Overview() {
  const polled = usePolled<Status>('/status');
  const status = polled.data;
  if (status === undefined) return html`<${Freshness} polled=${polled} />`;
  return html`<${Freshness} polled=${polled} />
    <div class="tiles">
      <${Service} status=${status} /><${Gateways} status=${status} />
      <${Now} status=${status} /><${LastHour} status=${status} />
    </div>
    ${
      status.lastDecision &&
      html`<p><strong>${word.decided}</strong> ${clock(status.lastDecision.at)}${word.colon}${decisionText(status.lastDecision)}</p>`
    }
    <h2>${word.live}</h2>
    <${LiveCalls} />`;
}

type Props = { status: Status };

function Service({ status: { edges, startsFailing } }: Props) {
  const up = edges.filter(({ isUp }) => isUp).length;
  const isWell = up === edges.length && up > 0 && !startsFailing;
  return html`<section class=${isWell ? 'well' : 'ill'}>
    <h2>${word.service}</h2>
    <p class="big">${word.of(number(up), number(edges.length))}</p>
    <p><a href="#/edges">${word.edgesUp}</a></p>
    ${startsFailing && html`<p><${State} of="failed">${word.startsFailing}</${State}></p>`}
    <ul>${edges.map((edge) => html`<li key=${edge.edgeId}>${edge.edgeId}${word.colon}<${EdgeState} edge=${edge} />, ${word.count(number(edge.calls), word.inProgress)}</li>`)}</ul>
  </section>`;
}

function Gateways({ status: { gateways, starting, managed, maximum } }: Props) {
  const counts: Record<string, number> = { ...gateways, starting };
  const shown = states.filter((state) => (counts[state] ?? 0) > 0);
  const text = (state: string) => word.count(number(counts[state] ?? 0), stateText(state));
  const count = (known: number | undefined) => (known === undefined ? '?' : number(known));
  return html`<section>
    <h2>${word.gateways}</h2>
    <p class="big">${count(managed)} <small>${word.atMost(count(maximum))}</small></p>
    <div class="bar" role="img" aria-label=${shown.map(text).join(', ')}>
      ${shown.map((state) => html`<svg class=${`part ${state}`} viewBox="0 0 ${counts[state] ?? 0} 1" preserveAspectRatio="none"><rect width="100%" height="100%" /></svg>`)}
    </div>
    <p>${shown.map((state) => html`<${State} of=${state}>${text(state)}</${State}> `)}</p>
  </section>`;
}

const Now = ({ status: { calls, waiting, longestWaitSec } }: Props) =>
  html`<section>
    <h2>${word.now}</h2>
    <p class="big">${number(calls)}</p>
    <p>${word.inProgress}</p>
    <p>${word.waitingCalls(number(waiting))}${longestWaitSec !== undefined && `, ${word.longest(duration(longestWaitSec * 1000))}`}</p>
  </section>`;

function LastHour({ status: { lastHour } }: Props) {
  const failed = lastHour.failed.reduce((sum, { count }) => sum + count, 0);
  return html`<section class=${failed > lastHour.finished ? 'ill' : ''}>
    <h2>${word.lastHour}</h2>
    <p class="big">${number(lastHour.finished)}</p>
    <p>${word.finished}</p>
    <p>${word.count(`${number(failed)}${lastHour.more ? '+' : ''}`, word.failed)}</p>
    <ul>${lastHour.failed.map(({ outcome, count }) => html`<li><a href=${`#/calls?outcome=${outcome}`}>${word.count(number(count), word.outcomes[outcome])}</a></li>`)}</ul>
  </section>`;
}
