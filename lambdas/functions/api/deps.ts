import type { SettingsView } from '../../../contracts/api/pool-views.ts';
import type { OperatorFact } from '../../../contracts/operator-fact.ts';
import type { StopTask } from '../../domain/ports.ts';
import type { Clock } from '../../domain/time.ts';
import type { Table } from '../../store/table.ts';
import type { RoleClaim } from './access.ts';

export interface ApiDeps {
  table: Table;
  now: Clock;
  /** Partitions of the `free` index. */
  freeShards: number;
  roles: RoleClaim;
  settings: SettingsView;
  stopTask: StopTask;
  /** Tells the bus what an operator did. @throws (it) NotTold */
  tell: (fact: OperatorFact) => Promise<void>;
  /** @returns an id that nobody has used: 16 hex digits */
  newId: () => string;
  /** Of an error that is no answer: a defect, or the table. */
  failed: (error: Error) => void;
}
