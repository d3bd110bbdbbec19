import type { DecisionView } from '../contracts/api/pool-views.ts';
import type { CallView } from '../contracts/api/views.ts';
import { locale, told, word } from './words.ts';

/* Numbers, times and sentences as the language of the page writes them. Times are in UTC, as in every log. */

export const number = new Intl.NumberFormat(locale).format;

const unit = (name: 'hour' | 'minute' | 'second') =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format;
const [hours, minutes, seconds] = [unit('hour'), unit('minute'), unit('second')];

/** `3 sec`, `2 min 5 sec`, `1 hr 10 min`. */
export function duration(ms: number): string {
  const sec = Math.max(0, Math.round(ms / 1000));
  if (sec < 60) return seconds(sec);
  if (sec < 3600) return `${minutes(Math.floor(sec / 60))} ${seconds(sec % 60)}`;
  return `${hours(Math.floor(sec / 3600))} ${minutes(Math.floor((sec % 3600) / 60))}`;
}

/** `12.5 sec`. */
export const tenths = new Intl.NumberFormat(locale, {
  style: 'unit',
  unit: 'second',
  unitDisplay: 'short',
  maximumFractionDigits: 1,
}).format;
export const kilobits = new Intl.NumberFormat(locale, { style: 'unit', unit: 'kilobit-per-second' }).format;
export const milliseconds = new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond' }).format;
const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format;
export const percent = (of100: number) => share(of100 / 100);

/** What is not known is not 0. */
export const amount = (value: number | undefined, format: (value: number) => string) =>
  value === undefined ? '–' : format(value);

export const between = (from: string, to: string | number = Date.now()) =>
  new Date(to).getTime() - new Date(from).getTime();

const dateAndTime = new Intl.DateTimeFormat(locale, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

/** @param at ISO 8601, or epoch milliseconds */
export const clock = (at: string | number) => dateAndTime.format(new Date(at));

const hourAndMinute = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: 'UTC' });

/** The time of day, to the minute. */
export const timeOfDay = (sec: number) => hourAndMinute.format(sec * 1000);

/** Seconds after the beginning: `+1.234`. */
export const offset = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
  signDisplay: 'always',
}).format;

/** As much of a Call-ID as the command line shows. */
export const callName = (callId: string) => (callId.length > 12 ? `${callId.slice(0, 11)}…` : callId);

/** A gateway of ours by the beginning of its task's id. */
export const gatewayName = (username: string) =>
  /^[0-9a-f]{32}\./.test(username) ? `${username.slice(0, 8)}…` : username;

/** Of a gateway, or of one that is not there yet. */
export const stateText = (state: string) => (state === 'starting' ? word.starting : told(word.states, state));

/** How a call ended, or how it stands. */
export const callText = ({ outcome, state, place }: CallView) => {
  if (outcome !== undefined) return word.outcomes[outcome];
  return place === undefined ? word.callStates[state] : word.place(word.callStates[state], number(place));
};

export function decisionText({ action, count, done, reason, counts, waiting }: DecisionView): string {
  const { unmanaged: _unmanaged, ...shown } = counts;
  const saw = [
    ...Object.entries(shown).map(([state, many]) => [many, stateText(state)] as const),
    [waiting, word.callStates.waiting] as const,
  ].filter(([many]) => many > 0);
  const wanted = typeof reason.level === 'number' ? [[reason.level, word.wanted] as const] : [];
  const numbers = [...saw, ...wanted].map(([many, what]) => word.count(number(many), what));
  const many = done === count ? number(done) : word.of(number(done), number(count));
  const did = action === 'start' ? word.started(many) : word.drained(many);
  return word.decision(numbers.join(', ') || word.nothing, did, told(word.rules, reason.rule));
}
