import type { AllocateAnswer, AttemptFailure } from '../../../../contracts/commands.ts';

/** A running gateway process: a restart makes another one under the same username. */
export interface Process {
  username: string;
  registrationId: string;
  contact: string;
  cseq: number;
  /** Epoch seconds; 0 while it is not registered. */
  expiresAt: number;
  state: 'off' | 'free' | 'owned' | 'silent' | 'held';
  /** Who was given it; `until` is past for a lock that lapsed and that nobody has cleared away. */
  owner?: { callId: string; until: number };
  /** The call it is really in, which the table may not know yet. */
  inCall?: string;
}

/** A registration whose call is over: its refresh must be refused. */
export interface Finished {
  username: string;
  registrationId: string;
  contact: string;
  cseq: number;
  overAt: number;
}

export interface CallModel {
  callId: string;
  attempt: number;
  failed: AttemptFailure[];
  phase: 'asking' | 'offered' | 'answered' | 'over';
  /** What was granted at each attempt, also where the reply was lost. */
  grants: Map<number, Extract<AllocateAnswer, { result: 'granted' }> & { registrationId: string }>;
  /** Its record is ended: by a fact that has arrived, or by the sweep. */
  closed: boolean;
  confirmed: boolean;
  /** Gateways that were told lost while they held it. */
  lost: Set<string>;
}

/** What fast-check chooses for a step. */
export interface Choice {
  /** Chooses the gateway, the call or the fact. */
  pick: number;
  /** Chooses how: which failure, how long, how many. */
  how: number;
  /** The reply gets lost; the same is asked again, at once or much later. */
  lost: boolean;
}

export function at<T>(list: readonly T[], pick: number): T {
  return list[pick % list.length] as T;
}
