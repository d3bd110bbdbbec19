import { runSipp } from './sipp.ts';
import { type Stack, secret, startStack } from './stack.ts';
import { summary } from './stats.ts';

const ratesPerSec = [400, 600, 800, 1000];
const seconds = 10;

/** @returns rows of SIPp's injection file: username, domain, credentials */
export function accountRows(stack: Stack, count: number): string[][] {
  return Array.from({ length: count }, (_, i) => {
    const username = `load-${i}.mediagw.1`;
    return [username, stack.domain, `[authentication username=${username} password=${secret}]`];
  });
}

/** Digest registrations of new gateways (401, then 200), at rising rates until some fail. */
export async function benchRegisters() {
  const steps: object[] = [];
  let bestPerSec = 0;
  for (const perSec of ratesPerSec) {
    const stack = await startStack();
    try {
      const count = perSec * seconds;
      const load = {
        scenario: 'register',
        sip: stack.sip,
        rows: accountRows(stack, count),
        authUri: stack.domain,
      };
      // The functions' first environments start before the clock does, as they would in a service in use.
      await runSipp({ ...load, perSec: 50, count: 100, timeoutSec: 30 });
      const result = await runSipp({ ...load, perSec, count, timeoutSec: 60 });
      const { ok, failed, retransmissions, samplesMs, tookSec, unexpected } = result;
      const achievedPerSec = Math.round(ok / tookSec);
      steps.push({
        perSec,
        achievedPerSec,
        ok,
        failed,
        unexpected,
        retransmissions,
        ...summary(samplesMs),
      });
      if (failed > 0 || achievedPerSec < perSec * 0.9) break;
      bestPerSec = perSec;
    } finally {
      await stack.stop();
    }
  }
  return { bestPerSecWithoutFailure: bestPerSec, steps };
}
