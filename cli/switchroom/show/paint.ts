/* Colour by meaning, and none where it is not wanted; never by colour alone. */

export type Paint = (word: string) => string;

/** ANSI colours: green is well, yellow is under way, blue is in use, red has failed, grey is on its way out. */
const colours: Record<string, number> = {
  free: 32,
  answered: 32,
  registered: 32,
  up: 32,
  locked: 33,
  offered: 33,
  waiting: 33,
  starting: 36,
  requested: 36,
  busy: 34,
  in: 34,
  draining: 90,
  stopping: 90,
  stopped: 90,
  ended: 90,
  silent: 31,
  failed: 31,
  down: 31,
};

/** @returns a function that paints a word by what it means: the first word of a text decides */
export function painter(isOn: boolean): Paint {
  if (!isOn) return (text) => text;
  return (text) => {
    const code = colours[/^[a-z]+/.exec(text)?.[0] ?? ''];
    return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
  };
}
