import { execFileSync } from 'node:child_process';

/** Runs a program. @throws Error with what it said */
export function run(file: string, args: readonly string[], input?: string): string {
  try {
    return execFileSync(file, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`${file} ${args.join(' ')}: ${stderr || String(error)}`);
  }
}

/** `ip`, a line as one would type it. */
export const ip = (line: string) => run('ip', line.split(' '));
/** `ip` within a namespace. */
export const ipIn = (namespace: string, line: string) => ip(`-n ${namespace} ${line}`);

/** @returns the command that runs another in a namespace */
export const inNamespace = (namespace: string, command: readonly string[]) => [
  'ip',
  'netns',
  'exec',
  namespace,
  ...command,
];

/** Kernel settings of a namespace's network. */
export function sysctl(namespace: string, values: Record<string, string | number>): void {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  run('ip', ['netns', 'exec', namespace, 'sysctl', '--quiet', '--write', ...pairs]);
}
