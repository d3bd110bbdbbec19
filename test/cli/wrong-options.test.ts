import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/process/run-command.ts';

/* What somebody mistypes is told in one line that leads to the help, never by a stack trace. */

describe('a wrong command line', () => {
  it.each<[string, string[], RegExp]>([
    ['local/main.ts', ['--nope'], /Unknown option '--nope'; see npm start -- --help/],
    ['local/main.ts', ['--max', '2', '--min-free', '5'], /--min-free 5 is above --max 2/],
    ['local/main.ts', ['--set', 'domian=x'], /unknown setting domian: is domain meant\?/],
    ['local/local-cloud.ts', ['--aws', 'here'], /--aws takes ADDRESS:PORT/],
    ['cli/switchroom.ts', ['calls', '--limit', '0'], /--limit takes a whole number from 1 to 1000, not "0"/],
    ['cli/call.ts', ['1234', '--transport', 'x'], /--transport takes udp or tcp, not "x"/],
    ['cli/switchroom.ts', ['calls', '--nope'], /Unknown option '--nope'; see npx switchroom --help/],
    ['cli/switchroom.ts', ['report', '--from', '1h'], /report takes no --from; see/],
    ['cli/switchroom.ts', ['history', '--room', '1'], /history takes no --room; see/],
    [
      'cli/switchroom.ts',
      ['report', '--day', '2026-11-31'],
      /--day takes a day such as .*, not "2026-11-31"/,
    ],
    ['cli/switchroom.ts', ['calls', '--since', '24:00'], /--since takes 15m, .*, not "24:00"/],
    ['cli/switchroom.ts', ['replay', 'more'], /see npx switchroom replay --help/],
    ['scripts/cost/main.ts', ['--nope'], /see npm run cost -- --help/],
    ['scripts/cost/main.ts', ['-c', 'domian=x'], /unknown setting domian: is domain meant\?/],
    ['bench/main.ts', ['--nope'], /see npm run bench -- --help/],
    ['bench/main.ts', ['--only', 'foo'], /--only takes start, .*, not "foo"/],
    ['bench/simulate/main.ts', ['--plot', 'no-such-folder/x.svg'], /there is no folder no-such-folder/],
    ['bench/simulate/main.ts', ['--trace', 'no-such-file.csv'], /no-such-file\.csv/],
  ])('of %s: %j', async (script, args, message) => {
    const { code, stdout, stderr } = await runCommand(script, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each(['local/main.ts', 'local/local-cloud.ts', 'cli/switchroom.ts', 'cli/call.ts'])(
    '%s says what it takes where that is asked',
    async (script) => {
      const { code, stdout } = await runCommand(script, ['--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/--help +this text/);
    },
  );
});
