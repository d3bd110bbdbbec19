import type { CallDetail, CallStep } from '../../contracts/api/views.ts';
import { html } from '../html.ts';
import { between, gatewayName, offset } from '../text.ts';
import { told, word } from '../words.ts';

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

/** The SIP messages that a step was, as far as its name tells. */
function arrowsOfStep({ step, detail }: CallStep, { endedBy, outcome }: CallDetail): Arrow[] {
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

/** One SIP message: of an answer its status, and what it answers where that is no INVITE. */
function arrowOf({ leg, direction, method, status }: CallDetail['messages'][number]): Arrow {
  const text = status === undefined ? method : method === 'INVITE' ? `${status}` : `${status} ${method}`;
  const peer = leg === 'caller' ? 0 : 2;
  return direction === 'received' ? [peer, 1, text] : [1, peer, text];
}

interface Row {
  readonly at: string;
  readonly arrows: readonly Arrow[];
  text?: unknown;
}

function rowsOf(call: CallDetail): Row[] {
  const { messages, steps } = call;
  // Where the messages are known they are the arrows; where they are not yet, a step tells what it was.
  const isGuessed = messages.length === 0;
  const rows = [
    ...messages.map((message): Row => ({ at: message.at, arrows: [arrowOf(message)] })),
    ...steps.map((step): Row => {
      const text = html`${told(word.steps, step.step)} ${step.gateway && gatewayName(step.gateway)} ${detailOf(step, call)}`;
      return { at: step.at, arrows: isGuessed ? arrowsOfStep(step, call) : [], text };
    }),
  ].sort((a, b) => between(b.at, a.at));
  return rows.filter((row, index) => !isPartOf(row, rows[index - 1]));
}

/** A step of the moment of a message stands beside it. */
function isPartOf({ at, arrows, text }: Row, before: Row | undefined): boolean {
  if (arrows.length > 0 || before?.at !== at || before.text !== undefined) return false;
  before.text = text;
  return true;
}

/** What happened between caller, edge and gateway: the SIP messages, and what the control plane did. */
export function Ladder({ call }: { call: CallDetail }) {
  const rows = rowsOf(call);
  const start = rows[0]?.at ?? call.beganAt;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${word.ladder}><table class="ladder">
    <thead><tr>
      <th scope="col">s</th>
      <th scope="col" colspan="3"><span class="lanes">${word.lanes.map((lane) => html`<span>${lane}</span>`)}</span></th>
      <th></th>
    </tr></thead>
    <tbody>${rows.map(
      ({ at, arrows, text }) => html`<tr>
        <td class="at">${offset(between(start, at) / 1000)}</td>
        <td colspan="3"><${Arrows} arrows=${arrows} /></td>
        <td>${text}</td>
      </tr>`,
    )}</tbody>
  </table>${call.messagesLeftOut !== undefined && html`<p>${word.moreMessages(call.messagesLeftOut)}</p>`}</div>`;
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
