import type { CallDetail, CallStep } from '../../contracts/api/views.ts';
import type { MediaStream } from '../../contracts/media.ts';
import { usePolled } from '../api.ts';
import { html } from '../html.ts';
import { Act } from '../parts/act.ts';
import { Freshness, State } from '../parts/parts.ts';
import {
  amount,
  between,
  callText,
  clock,
  duration,
  gatewayName,
  kilobits,
  milliseconds,
  number,
  offset,
  percent,
} from '../text.ts';
import { told, word } from '../words.ts';

/** One call: what is known of it, its ladder, and what may be done to it. */
export function Call({ id, mayAct }: { id: string; mayAct: boolean }) {
  const polled = usePolled<CallDetail>(`/calls/${id}`, 2000);
  const call = polled.data;
  if (call === undefined) return html`<${Freshness} polled=${polled} />`;
  const {
    callId,
    room,
    caller,
    gateway,
    edgeId,
    traceId,
    state,
    outcome,
    detail,
    beganAt,
    answeredAt,
    endedAt,
  } = call;
  const facts: [string, unknown][] = [
    ['Call-ID', callId],
    [word.room, room],
    [word.caller, [caller.displayName, caller.uri, caller.received].filter(Boolean).join(' · ')],
    [
      word.state,
      html`<${State} of=${state === 'answered' ? 'busy' : 'draining'}>${callText(call)}</${State}> ${outcome !== undefined && outcome !== word.outcomes[outcome] && html`<code>${outcome}</code>`} ${detail}`,
    ],
    [word.gateway, gateway],
    [word.edge, edgeId],
    [word.trace, traceId],
    [word.began, clock(beganAt)],
    [word.lasted, answeredAt && duration(between(answeredAt, endedAt))],
  ];
  return html`<p><a href="#/calls">${word.back}</a></p>
    <${Freshness} polled=${polled} />
    <dl>${facts.filter(([, value]) => value).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
    ${
      mayAct &&
      state === 'answered' &&
      html`<${Act} label=${word.hangUp} subject=${`${caller.displayName ?? caller.uri} · ${room}`} effect=${word.effects.hangUp} path=${`/calls/${id}/hangup`} done=${polled.again} />`
    }
    <h2>${word.ladder}</h2>
    <${Ladder} call=${call} />
    ${call.media && html`<h2>${word.media}</h2><${Media} streams=${call.media.streams} />`}
    ${call.otherTries.length > 0 && html`<ul>${call.otherTries.map((one) => html`<li><a href=${`#/calls/${one.id}`}>${clock(one.beganAt)} ${callText(one)}</a></li>`)}</ul>`}`;
}

type Arrow = readonly [from: Lane, to: Lane, text: string];
type Lane = 0 | 1 | 2;

/** What is known of a step beside its name; how the call ended stands in the call itself. */
function detailOf({ step, detail }: CallStep, { outcome, endedBy, detail: why }: CallDetail): string {
  const [, attempt] = /^attempt (\d+)$/.exec(detail ?? '') ?? [];
  if (attempt !== undefined) return word.attempt(attempt);
  if (!['ended', 'cancelled', 'failed'].includes(step)) return detail ?? '';
  const ended = [outcome && word.outcomes[outcome], endedBy && word.endedBy[endedBy], why];
  return ended.filter(Boolean).join(', ');
}

/** The SIP messages that a step was. */
function arrowsOf({ step, detail }: CallStep, { endedBy, outcome }: CallDetail): Arrow[] {
  switch (step) {
    case 'received':
      return [[0, 1, 'INVITE']];
    case 'waiting':
      return [[1, 0, '180']];
    case 'offered':
      return [[1, 2, 'INVITE']];
    case 'rejected':
      return [[2, 1, detail ?? '4xx']];
    case 'ringing':
      return [
        [2, 1, '180'],
        [1, 0, '180'],
      ];
    case 'answered':
      return [
        [2, 1, '200'],
        [1, 0, '200'],
      ];
    case 'cancelled':
      return [[0, 1, 'CANCEL']];
    case 'failed':
      return [[1, 0, outcome === undefined ? '' : word.outcomes[outcome]]];
    case 'ended':
      if (endedBy === 'caller')
        return [
          [0, 1, 'BYE'],
          [1, 2, 'BYE'],
        ];
      if (endedBy === 'gateway')
        return [
          [2, 1, 'BYE'],
          [1, 0, 'BYE'],
        ];
      return [
        [1, 0, 'BYE'],
        [1, 2, 'BYE'],
      ];
    default:
      return [];
  }
}

function Ladder({ call }: { call: CallDetail }) {
  const start = call.steps[0]?.at ?? call.beganAt;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${word.ladder}><table class="ladder">
    <thead><tr>
      <th scope="col">s</th>
      <th scope="col" colspan="3"><span class="lanes">${word.lanes.map((lane) => html`<span>${lane}</span>`)}</span></th>
      <th></th>
    </tr></thead>
    <tbody>${call.steps.map(
      (step) => html`<tr>
        <td class="at">${offset(between(start, step.at) / 1000)}</td>
        <td colspan="3"><${Arrows} arrows=${arrowsOf(step, call)} /></td>
        <td>${told(word.steps, step.step)} ${step.gateway && gatewayName(step.gateway)} ${detailOf(step, call)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

/** How its media went: a row for each stream in each direction. */
function Media({ streams }: { streams: readonly MediaStream[] }) {
  const rows = streams.flatMap(({ kind, sent, received }) =>
    (
      [
        ['sent', sent],
        ['received', received],
      ] as const
    ).flatMap(([direction, side]) => (side === undefined ? [] : [{ kind, direction, side }])),
  );
  const head = [word.stream, word.lost, word.jitter, word.packets, word.bitrate];
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${word.media}><table>
    <thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map(
      ({ kind, direction, side }) => html`<tr>
        <td>${word.mediaKinds[kind]} ${word.directions[direction]}</td>
        <td>${amount(side.lossPercent, percent)}</td>
        <td>${amount(side.jitterMs, milliseconds)}</td>
        <td>${amount(side.packets, number)}</td>
        <td>${amount(side.bitrateKbps, kilobits)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

const laneX = [60, 180, 300] as const;

const Arrows = ({ arrows }: { arrows: readonly Arrow[] }) =>
  html`<svg class="arrows" viewBox="0 0 360 30" role="img" aria-label=${arrows.map(([from, to, text]) => word.arrow(word.lanes[from], word.lanes[to], text)).join(', ')}>
    ${laneX.map((x) => html`<line x1=${x} x2=${x} y1="0" y2="30" class="lane" />`)}
    ${arrows.map(([from, to, text]) => {
      const [x1, x2] = [laneX[from], laneX[to]];
      const tip = x2 > x1 ? -6 : 6;
      return html`<g><line x1=${x1} x2=${x2} y1="20" y2="20" class="arrow" />
        <path d=${`M${x2} 20l${tip} -4v8z`} /><text x=${(x1 + x2) / 2} y="14">${text.slice(0, 20)}</text></g>`;
    })}
  </svg>`;
