import { plain } from '../../command-line/plain.ts';
import type { Step } from './steps.ts';

/** Where a run tells what happens. */
export interface Console {
  /** A step of a call, a gateway or a task. */
  step: (step: Step) => void;
  /** What the run itself does, for people. */
  say: (text: string) => void;
  /** Something is wrong and the run goes on. */
  trouble: (event: string, text: string, fields?: Record<string, unknown>) => void;
  /** Calls can come. */
  ready: (fields: Record<string, unknown>, text: string) => void;
}

const subjectWidth = 30;
const whatWidth = 13;

const clock = (at: number) => {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};

/** For people: one aligned line for each step. */
export function plainConsole(write: (text: string) => void, colours: boolean): Console {
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    step: ({ at, subject, what, detail, trouble }) => {
      const word = what.padEnd(whatWidth);
      const line = `${plain(subject).padEnd(subjectWidth)} ${trouble ? paint(31, word) : paint(1, word)} ${plain(detail)}`;
      write(`${paint(2, clock(at))}  ${line.trimEnd()}\n`);
    },
    say: (text) => write(`${text}\n`),
    trouble: (_event, text) => {
      const shown = text.split('\n').map(plain).join('\n');
      write(`${paint(2, clock(Date.now()))}  ${paint(31, shown)}\n`);
    },
    ready: (_fields, text) => write(`${text}\n`),
  };
}

/** For programs: one JSON object a line. */
export function jsonConsole(write: (text: string) => void): Console {
  const line = (event: string, at: number, fields: Record<string, unknown>) =>
    write(`${JSON.stringify({ event, at, ...fields })}\n`);
  return {
    step: ({ event, at, fields }) => line(event, at, fields),
    say: (text) => line('info', Date.now(), { text }),
    trouble: (event, text, fields) => line(event, Date.now(), { text, ...fields }),
    ready: (fields) => line('ready', Date.now(), fields),
  };
}
