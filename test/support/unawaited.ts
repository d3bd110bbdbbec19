/**
 * An asynchronous function as a listener that nobody awaits. What it rejects with stays unhandled, and so fails the run.
 */
export function unawaited<A extends unknown[]>(work: (...args: A) => Promise<unknown>): (...args: A) => void {
  return (...args) => {
    void work(...args);
  };
}
