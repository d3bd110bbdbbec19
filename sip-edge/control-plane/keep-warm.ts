import { ControlPlaneUnavailable, type Log } from '../ports.ts';

/**
 * Lambda keeps an environment without work for some minutes; it does not say how many. A minute is well below all that was
 * seen, and a connection that is used so often stays open too.
 */
const everyMs = 60_000;

/**
 * Keeps the functions warm that callers and gateways wait for, and the connections to them: a cold one takes some hundred
 * ms more. Nothing hangs on its answer, so one that fails is only noted.
 * @param touch has each function do nothing
 * @returns ends it
 */
export function keepWarm(touch: () => Promise<unknown>, log: Pick<Log, 'debug'>): () => void {
  const tick = () =>
    void touch().catch((error: unknown) => {
      const why = error instanceof ControlPlaneUnavailable ? error.why : 'internal error';
      log.debug({ why, error }, 'a function could not be kept warm');
    });
  tick();
  const timer = setInterval(tick, everyMs);
  return () => clearInterval(timer);
}
