import { type Gateways, startGateways } from '../support/gateways.ts';
import { cpuMs, memoryMb } from '../support/processes.ts';
import { runSipp } from '../support/sipp.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

const gateways = 10_000;
/** A gateway asks anew after nine tenths of its time (local/user-agent/registration.ts): once a minute. */
const expiresSec = 67;
const callsPerSec = 20;
const holdMs = 500;
const windowSec = 60;

/**
 * 10,000 gateways that refresh each minute, beside calls that take one each: whether a minute costs what the one before
 * did, in time, CPU and memory.
 * @param seconds of all minutes
 */
export async function benchCrowd(seconds: number) {
  const stack = await startStack();
  try {
    const pool = await startGateways(stack, gateways, { expiresSec });
    try {
      // A service in use is warm, and each gateway has refreshed once.
      await minute(stack, pool);
      const minutes = [];
      for (let left = seconds; left > 0; left -= windowSec) minutes.push(await minute(stack, pool));
      return { gateways, callsPerSec, minutes, doubleLocks: pool.doubled(), lost: gateways - pool.live() };
    } finally {
      await pool.stop();
    }
  } finally {
    await stack.stop();
  }
}

async function minute(stack: Stack, pool: Gateways) {
  const { sip, domain, pid } = stack;
  const [cpuBefore, registered, failures] = [cpuMs(pid), pool.registered(), pool.failures()];
  const { ok, failed, unexpected, samplesMs } = await runSipp({
    ...{ scenario: 'call', sip, rows: [[domain]], pauseMs: holdMs },
    ...{ perSec: callsPerSec, count: callsPerSec * windowSec, timeoutSec: windowSec + 60 },
  });
  const cpuAfter = cpuMs(pid);
  const cpuSec = Object.fromEntries(
    Object.entries(cpuAfter).map(([name, ms]) => [name, Math.round((ms - (cpuBefore[name] ?? 0)) / 1000)]),
  );
  return {
    ...{ ok, failed, unexpected, setup: summary(samplesMs) },
    registers: pool.registered() - registered,
    failedRegisters: pool.failures() - failures,
    ...{ cpuSec, memoryMb: memoryMb(pid) },
  };
}
