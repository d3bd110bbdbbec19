import { startGateways } from '../support/gateways.ts';
import { memoryMb } from '../support/processes.ts';
import { runSipp } from '../support/sipp.ts';
import { startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

export interface CallsOptions {
  gateways: number;
  perSec: number;
  /** How long the load lasts, seconds. */
  seconds: number;
  /** How long a call lasts, ms. */
  holdMs: number;
  /** A run that no call has been through: its functions have only registered gateways. */
  isCold?: boolean;
}

/** Of a cold run the first second is told by itself. */
const firstMs = 1000;

/** Calls to single-use gateways that register anew after each: set-up from the INVITE to its 200, at the caller. */
export async function benchCalls(options: CallsOptions) {
  const { gateways: count, perSec, seconds, holdMs, isCold = false } = options;
  const stack = await startStack();
  try {
    const gateways = await startGateways(stack, count);
    try {
      const load = { scenario: 'call', sip: stack.sip, rows: [[stack.domain]], pauseMs: holdMs };
      // A service in use is warm: code compiled, connections open.
      if (!isCold) await runSipp({ ...load, perSec: 20, count: 400, timeoutSec: 60 });
      const result = await runSipp({ ...load, perSec, count: perSec * seconds, timeoutSec: seconds + 60 });
      const { ok, failed, unexpected, retransmissions, samplesMs, timed } = result;
      const firstAt = Math.min(...timed.map(({ at, ms }) => at - ms));
      const first = timed.filter(({ at, ms }) => at - ms < firstAt + firstMs);
      return {
        ...{ gateways: count, perSec, holdMs, isCold, ok, failed, unexpected, retransmissions },
        doubleLocks: gateways.doubled(),
        failedRegistrations: gateways.failures(),
        setup: summary(samplesMs),
        ...(isCold && { firstSecond: summary(first.map(({ ms }) => ms)) }),
        memoryMb: memoryMb(stack.pid),
      };
    } finally {
      await gateways.stop();
    }
  } finally {
    await stack.stop();
  }
}
