import { actCommands } from './act-commands.ts';
import { type Command, readCommands } from './commands.ts';
import { recordCommands } from './record-commands.ts';

export const commands: Readonly<Record<string, Command>> = {
  ...readCommands,
  ...recordCommands,
  ...actCommands,
};

const linesOf = (some: Readonly<Record<string, Command>>) =>
  Object.entries(some)
    .map(([name, { takes, says }]) => `  ${[name, takes].filter(Boolean).join(' ').padEnd(26)} ${says}`)
    .join('\n');

export const help = `switchroom COMMAND [options]        For those who run it: the pool and its calls, by the API.

${linesOf({ ...readCommands, ...recordCommands })}

${linesOf(actCommands)}

  replay                     give dead letters back to who failed on them (switchroom replay --help)
  completion                 what bash and zsh need to complete all this: source <(npx switchroom completion)

  --because TEXT             why something is done: it stands in the audit
  --since 2h, --until TIME   from when, and until when: 2h before now, +2h after it, or 2026-11-30T09:00;
                             also --from and --to
  --outcome --room --caller --gateway    of calls those alone
  --format csv|ndjson        of cdr                                                  (csv)
  --day 2026-11-30           of report: a day of UTC                                 (today)
  --hour-price USD           of report: what a gateway costs by the hour (npm run cost)
  --limit N                  how many of a list, 1 to 1000                            (50)
  --json                     for programs: as the API has it, times in UTC
  --no-color                 no colours; nor where NO_COLOR is set, or where it is no terminal
  --run-file FILE            the run of npm start to ask                              (.switchroom/run.json)
  --stack NAME               a deployed stack, with the AWS credentials and region of the environment
  --url ADDRESS              an API by its address, with the token in SWITCHROOM_TOKEN
  --help                     this text
`;
