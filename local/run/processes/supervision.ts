import type { Unwritable } from '../../aws/unwritable.ts';
import type { ChildExit } from './child-process.ts';

/** What every process of a run is watched with. */
export interface Supervision {
  /** Told of each process group that starts or has ended. */
  onGroup: (groupId: number, running: boolean) => void;
  /** Told of an unexpected end, with the last lines of the log. The process is started again. */
  onDeath: (name: string, exit: ChildExit, tail: string[]) => void;
  /** Told when it serves again. */
  onRestart: (name: string) => void;
  /** Told where a log could not be written. */
  onUnwritable: Unwritable;
  /** Ends a start that is under way. */
  signal: AbortSignal;
}
