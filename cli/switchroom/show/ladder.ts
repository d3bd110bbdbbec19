import type { CallDetail, CallStep } from '../../../contracts/api/views.ts';
import { gatewayName, secondsBetween, table } from './table.ts';

/* What happened in a call, between caller, edge and gateway: its SIP messages, and what the control plane did. */

type Message = CallDetail['messages'][number];
type Arrows = readonly [caller: string, gateway: string];
type Row = [at: string, arrows: Arrows, what: string];

const none: Arrows = ['', ''];
const arrowLength = 12;

export function showLadder(call: CallDetail): string {
  const { steps, messages, messagesLeftOut, outcome } = call;
  // Where the messages are known they are the arrows; where they are not yet, a step tells what it was.
  const isGuessed = messages.length === 0;
  const rows: Row[] = [
    ...messages.map((message): Row => [message.at, arrowOf(message), '']),
    ...steps.map((step): Row => [step.at, isGuessed ? arrowsOf(step, call.endedBy) : none, textOf(step)]),
  ].sort((a, b) => secondsBetween(b[0], a[0]));
  const start = rows[0]?.[0] ?? 0;
  const cells = rows
    .filter((row, index) => !isPartOf(row, rows[index - 1]))
    .map(([at, arrows, what]) => [`+${secondsBetween(start, at).toFixed(3)} s`, ...arrows, what]);
  const text = table(['AFTER', 'CALLER … EDGE', 'EDGE … GATEWAY', 'WHAT'], cells);
  const end = outcome === undefined ? '\n(goes on)' : '';
  return `${text}${messagesLeftOut === undefined ? '' : `\n(${messagesLeftOut} SIP messages more)`}${end}`;
}

/** A step of the moment of a message stands beside it. */
function isPartOf([at, arrows, what]: Row, before: Row | undefined): boolean {
  if (arrows !== none || before === undefined || before[0] !== at || before[2] !== '') return false;
  before[2] = what;
  return true;
}

const textOf = ({ step, gateway, detail }: CallStep) =>
  [step, gateway && gatewayName(gateway), detail].filter(Boolean).join(' ');

/** `──INVITE──▶`, `◀───180────`, `──200 BYE─▶`. */
function arrowOf({ leg, direction, method, status }: Message): Arrows {
  const label = status === undefined ? method : method === 'INVITE' ? `${status}` : `${status} ${method}`;
  const isToRight = (direction === 'received') === (leg === 'caller');
  const line = label.padStart((arrowLength + label.length) >> 1, '─').padEnd(arrowLength - 1, '─');
  const arrow = isToRight ? `${line}▶` : `◀${line}`;
  return leg === 'caller' ? [arrow, ''] : ['', arrow];
}

/** Which arrow a step is: from caller or gateway to the edge, or from the edge to one of them. */
const arrowsOfSteps: Record<string, Arrows> = {
  received: ['──INVITE──▶', ''],
  waiting: ['◀───180────', ''],
  offered: ['', '──INVITE──▶'],
  rejected: ['', '◀──refuses─'],
  silent: ['', 'no answer'],
  lost: ['', '× lost'],
  ringing: ['◀───180────', '◀───180────'],
  answered: ['◀───200────', '◀───200────'],
};

const arrowsOf = ({ step }: CallStep, by: CallDetail['endedBy']) =>
  arrowsOfSteps[step] ?? endArrows(step, by);

function endArrows(step: string, by: CallDetail['endedBy']): Arrows {
  if (step === 'cancelled') return ['──CANCEL──▶', ''];
  if (step === 'failed') return ['◀─refusal──', ''];
  if (by === 'caller') return ['───BYE────▶', '───BYE────▶'];
  if (by === 'gateway') return ['◀───BYE────', '◀───BYE────'];
  return ['◀───BYE────', '───BYE────▶'];
}
