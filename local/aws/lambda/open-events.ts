import type { EventSources } from './event-sources.ts';
import type { LambdaFunctions } from './functions.ts';

/** Events on their way to functions, by invocation or by queue. */
export interface OpenEvents {
  /** How many are not done. */
  readonly open: number;
  /** Keeps them until `release`: who ends, or is not ready yet, must not be told of anything. */
  hold: () => void;
  release: () => void;
}

/** Those of both ways, together. */
export function eventsOf(functions: LambdaFunctions, sources: EventSources): OpenEvents {
  return {
    get open() {
      return functions.openEvents + sources.open;
    },
    hold: () => {
      functions.holdEvents();
      sources.hold();
    },
    release: () => {
      functions.releaseEvents();
      sources.release();
    },
  };
}
