import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForLab } from '../../lab/requirements.ts';

/* The deployment in a network shaped like AWS: on a real drachtio where DRACHTIO names one, else on our SIP server. */

interface Checked {
  name: string;
  wrong?: string;
}

function canRun(): boolean {
  const missing = missingForLab();
  if (missing.length === 0) return true;
  const text = `the lab needs ${missing.join(', ')}`;
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}

describe.skipIf(!canRun())('a deployment in a network shaped like AWS', () => {
  const checked: Checked[] = [];
  let log = '';

  beforeAll(async () => {
    const main = resolve(import.meta.dirname, '../../lab/main.ts');
    const child = spawn(process.execPath, [main, '--short', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    for await (const line of createInterface({ input: child.stdout })) {
      log += `${line}\n`;
      const { event, ...said } = JSON.parse(line) as Checked & { event: string };
      if (event === 'checked') checked.push(said);
    }
  });

  it('finds nothing wrong', () => {
    expect(
      checked.filter(({ wrong }) => wrong !== undefined),
      log,
    ).toEqual([]);
  });

  it.each([
    'the edges become healthy targets',
    'gateways find the edges by name, and register',
    'a caller behind a NAT that changes ports talks by way of zone 2, over UDP',
    'a caller behind a firewall that lets in what its Elastic IP sends alone talks by way of zone 1, over TCP',
    'no SIP came from an address that its receiver did not send to, and none of a gateway left the network',
  ])('has looked whether %s', (name) => {
    expect(
      checked.map((one) => one.name),
      log,
    ).toContain(name);
  });
});
