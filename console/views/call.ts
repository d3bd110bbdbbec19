import type { CallDetail } from '../../contracts/api/views.ts';
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
  kilobits,
  milliseconds,
  number,
  percent,
} from '../text.ts';
import { word } from '../words.ts';
import { Ladder } from './ladder.ts';

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
