import { help, readReplayOptions } from './options.ts';
import { replay } from './replay.ts';
import { show } from './show.ts';

/**
 * `switchroom replay`: gives what could not be handled back to who should have, once the cause is mended. It asks the queues
 * themselves, since what the API could tell may be what was lost.
 * @param args what stands after `replay`
 * @returns the exit code: 1 where something was kept
 * @throws CommandError
 */
export async function runReplay(args: readonly string[]): Promise<number> {
  const options = readReplayOptions(args);
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const report = await replay(options);
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : show(report, Date.now())}\n`);
  return report.some(({ fate }) => fate === 'kept') ? 1 : 0;
}
