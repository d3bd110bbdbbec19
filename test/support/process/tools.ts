import { spawnSync } from 'node:child_process';

/** Debian's package of each program that the tests run. */
const packages = {
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  sipsak: 'sipsak',
  curl: 'curl',
  chromium: 'chromium',
  turnserver: 'coturn',
} as const;

export type Tool = keyof typeof packages;

/**
 * Whether a program is installed. Where it is not, its suite is skipped with a word; in CI that is a failure.
 * @throws Error in CI
 */
export function hasTool(tool: Tool): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status === 0;
  if (found) return true;
  const text = `${tool} is not installed (Debian: apt-get install ${packages[tool]})`;
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}
