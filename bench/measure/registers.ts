import { runSipp } from '../support/sipp.ts';
import { type Stack, secret, startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

const ratesPerSec = [200, 300, 400, 500, 600, 800];
/** How often each gateway registers (bench/support/sipp/register.xml): once anew, then refreshes. */
const registersPerGateway = 10;
const pauseMs = 1000;
const seconds = 25;

/** @returns rows of SIPp's injection file: username, domain, credentials */
export function accountRows(stack: Stack, count: number): string[][] {
  return Array.from({ length: count }, (_, i) => {
    const username = `load-${i}.mediagw.1`;
    return [username, stack.domain, `[authentication username=${username} password=${secret}]`];
  });
}

/**
 * Digest REGISTERs a second (each a 401 and a 200) at rising rates until some fail: gateways that start one after the
 * other, register, and refresh nine times. The rate is that of the time between ramp-up and ramp-down.
 */
export async function benchRegisters() {
  const steps: object[] = [];
  let bestPerSec = 0;
  const stack = await startStack();
  try {
    const load = {
      scenario: 'register',
      sip: stack.sip,
      rows: accountRows(stack, 100_000),
      authUri: stack.domain,
      pauseMs,
    };
    // A service in use is warm: code compiled, connections open.
    await runSipp({ ...load, perSec: 20, count: 400, timeoutSec: 90 });
    for (const perSec of ratesPerSec) {
      const gatewaysPerSec = perSec / registersPerGateway;
      const count = Math.round(gatewaysPerSec * seconds);
      const result = await runSipp({ ...load, perSec: gatewaysPerSec, count, timeoutSec: 120 });
      const { ok, failed, retransmissions, samplesMs, unexpected } = result;
      const gateways = { ok, failed };
      steps.push({ perSec, gateways, unexpected, retransmissions, ...summary(samplesMs) });
      if (failed > 0) break;
      bestPerSec = perSec;
    }
  } finally {
    await stack.stop();
  }
  return { bestPerSecWithoutFailure: bestPerSec, steps };
}
