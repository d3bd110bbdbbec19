import { exhaustionCauseSchema } from '../../contracts/outcomes.ts';
import type { Call } from './call/call.ts';

/** How it stood in a minute, for the plots of a day. */
export interface MinuteSample {
  free: number;
  locked: number;
  busy: number;
  draining: number;
  starting: number;
  /** Calls that waited for a gateway. */
  waiting: number;
  /** Calls that came in that minute. */
  calls: number;
  /** Calls that failed in it, by what `failureWord` calls them. */
  failed: ReadonlyMap<string, number>;
}

/** The outcome of a call that failed; of a full pool with its cause, where the edge told one. */
export function failureWord({ outcome, detail = '' }: Call): string {
  const [word] = detail.split(',');
  const cause = exhaustionCauseSchema.safeParse(word);
  return cause.success ? `${outcome}: ${cause.data}` : (outcome ?? '');
}
