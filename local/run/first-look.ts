import { setTimeout as delay } from 'node:timers/promises';
import type { LocalCloud } from '../aws/cloud.ts';
import type { ResolvedStack } from '../aws/template.ts';
import type { Console } from './console.ts';

/** So long a run of the fleet function keeps others from deciding (lambdas/functions/fleet/deps.ts), and a little more. */
const fleetLeaseSec = 25;

/**
 * Lets the fleet function look at the pool now. It does so each minute; nobody shall wait for the first, nor call before
 * it.
 * @throws the signal's reason
 */
export async function lookAtPool(
  { functions }: LocalCloud,
  { outputs }: ResolvedStack,
  console: Console,
  signal: AbortSignal,
): Promise<void> {
  const tick = JSON.stringify({ 'detail-type': 'Scheduled Event' });
  for (let tries = 1; tries <= fleetLeaseSec; tries += 1) {
    const looked = await functions.invoke(outputs.FleetFunction ?? '', tick);
    if (looked.kind !== 'answer') {
      console.trouble('fleet.failed', 'the fleet function failed; see its log', { result: looked });
      return;
    }
    if (JSON.parse(looked.payload)?.result !== 'left-to-another') return;
    // A run that was killed while its fleet function decided has left a lease that lasts some seconds.
    if (tries === 2) console.say('Waiting until nobody else decides about the pool');
    await delay(1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
