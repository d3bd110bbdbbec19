import { exhaustionCauseSchema } from '../../contracts/outcomes.ts';
import type { Call } from './call/call.ts';

/** How it stood in a minute, for the plots of a day. */
export interface MinuteSample {
  free: number;
  locked: number;
  busy: number;
  held: number;
  draining: number;
  starting: number;
  /** Calls that waited for a gateway. */
  waiting: number;
  /** Calls that came in that minute. */
  calls: number;
  /** Free gateways that the fleet wanted, those to come included and waiting calls apart; none where it did not look. */
  wanted?: number;
  /** Calls that the policy foresaw for that minute before it began; none where it does not forecast. */
  foreseen?: number;
  /** Calls that failed in it, by what `failureWord` calls them. */
  failed: ReadonlyMap<string, number>;
}

/** The outcome of a call that failed; of a full pool with its cause, where the edge told one. */
export function failureWord({ outcome, detail = '' }: Call): string {
  const [word] = detail.split(',');
  const cause = exhaustionCauseSchema.safeParse(word);
  return cause.success ? `${outcome}: ${cause.data}` : (outcome ?? '');
}
