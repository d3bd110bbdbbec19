import type { SettingsView } from '../../../contracts/api/pool-views.ts';
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
  /** Of an error that is no answer: a defect, or the table. */
  failed: (error: Error) => void;
}
