import { actCommands } from './act-commands.ts';
import { type Command, readCommands } from './commands.ts';
import { recordCommands } from './record-commands.ts';
import { beside } from './show/table.ts';

export const commands: Readonly<Record<string, Command>> = {
  ...readCommands,
  ...recordCommands,
  ...actCommands,
};

const indent = 29;

/** A command and what it says; below it where its name is too long for that. */
function lineOf(name: string, says: string): string {
  const head = `  ${name}`;
  return head.length < indent ? beside(head, says, indent) : `${head}\n${beside('', says, indent)}`;
}

const linesOf = (some: Readonly<Record<string, Command>>) =>
  Object.entries(some)
    .map(([name, { takes, says }]) => lineOf([name, takes].filter(Boolean).join(' '), says))
    .join('\n');

const optionLines: readonly [option: string, says: string][] = [
  ['--because TEXT', 'why something is done: it stands in the audit'],
  [
    '--since 2h, --until TIME',
    "from when, and until when: 2h before now, +2h after it, 12:00 today, or 2026-11-30T09:00, of this machine's zone; also --from and --to",
  ],
  ['--outcome --room --caller --gateway', 'of calls those alone'],
  ['--format csv|ndjson', 'of cdr (csv)'],
  ['--day 2026-11-30', 'of report: a day of UTC (today)'],
  ['--hour-price USD', 'of report: what a gateway costs by the hour (npm run cost)'],
  ['--limit N', 'how many of a list, 1 to 1000 (50)'],
  ['--json', 'for programs: as the API has it, times in UTC'],
  ['--no-color', 'no colours; nor where NO_COLOR is set, or where it is no terminal'],
  ['--run-file FILE', 'the run of npm start to ask (.switchroom/run.json)'],
  ['--stack NAME', 'a deployed stack, with the AWS credentials and region of the environment'],
  ['--url ADDRESS', 'an API by its address, with the token in SWITCHROOM_TOKEN'],
  ['--help', 'this text'],
];

export const help = `switchroom COMMAND [options]
For those who run it: the pool and its calls, by the API. Times are in UTC.

${linesOf({ ...readCommands, ...recordCommands })}

${linesOf(actCommands)}

${lineOf('replay', 'give dead letters back to who failed on them (switchroom replay --help)')}
${lineOf('completion', 'what bash and zsh need to complete all this: source <(npx switchroom completion)')}

${optionLines.map(([option, says]) => lineOf(option, says)).join('\n')}
`;
