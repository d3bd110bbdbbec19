import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { missingForLab } from '../../lab/requirements.ts';

export interface Checked {
  name: string;
  wrong?: string;
}

/** @param more that the tests need beside the lab, in words. @throws Error in CI, where nothing is skipped */
export function canRunLab(more: readonly string[] = []): boolean {
  const missing = [...missingForLab(), ...more];
  if (missing.length === 0) return true;
  const text = `the lab needs ${missing.join(', ')}`;
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}

/** @returns what `npm run lab` looked at, and all it said */
export async function runLab(...args: string[]): Promise<{ checked: Checked[]; log: string }> {
  const checked: Checked[] = [];
  let log = '';
  const main = resolve(import.meta.dirname, '../../lab/main.ts');
  const child = spawn(process.execPath, [main, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    log += `${line}\n`;
    const { event, ...said } = JSON.parse(line) as Checked & { event: string };
    if (event === 'checked') checked.push(said);
  }
  return { checked, log };
}
