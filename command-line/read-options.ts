import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CommandError } from './command-error.ts';

type Flags = NonNullable<ParseArgsConfig['options']>;

/** A command's options, and how it refuses wrong ones. */
export interface CommandLine<F extends Flags, P extends boolean> {
  /** As people type it: `npx switchroom`. */
  command: string;
  flags: F;
  /** Whether it takes words beside its options. */
  words: P;
}

/** @throws CommandError, which leads to the command's help */
export function wrong(command: string, what: string): never {
  // npm takes options for its own that do not stand behind a --, which npx would hand on.
  const help = command.startsWith('npm ') ? '-- --help' : '--help';
  throw new CommandError(`${what}; see ${command} ${help}`, 2);
}

/**
 * Reads a command line.
 * @param args what stands after `--`
 * @returns `values` of the options, and the `positionals`
 * @throws CommandError naming the option that is unknown or lacks its value
 */
export function readOptions<const F extends Flags, P extends boolean>(
  { command, flags, words }: CommandLine<F, P>,
  args: readonly string[],
) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: words });
  } catch (error) {
    // parseArgs adds advice on "--", which is of no use here.
    const [first] = (error as Error).message.split(/\. To specify|\.\s*Did you/);
    return wrong(command, first ?? 'wrong option');
  }
}

/** @returns the one of the words that the text is. @throws CommandError */
export function oneOf<T extends string>(command: string, flag: string, text: string, among: readonly T[]): T {
  const found = among.find((word) => word === text);
  return found ?? wrong(command, `${flag} takes ${among.join(' or ')}, not "${text}"`);
}

/** @returns the whole number that the text is, if it is one from `least` to `most`. @throws CommandError */
export function wholeNumber(
  command: string,
  flag: string,
  text: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return wrong(command, `${flag} takes a whole number ${range}, not "${text}"`);
}
