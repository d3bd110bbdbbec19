import type { SettingsView } from '../../../contracts/api/pool-views.ts';
import type { CallRecord } from '../../../contracts/call-record.ts';
import type { OperatorFact } from '../../../contracts/operator-fact.ts';
import type { Measure, StopTask } from '../../domain/ports.ts';
import type { Clock } from '../../domain/time.ts';
import type { Table } from '../../store/table.ts';
import type { RoleClaim } from './access.ts';
import type { ReportSecrets } from './gateways/password.ts';
import type { ApiProblem } from './problem.ts';

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
  /** Tells the bus the record of a call of which more became known. @throws (it) NotTold */
  tellRecord: (record: CallRecord) => Promise<void>;
  /** @returns an id that nobody has used: 16 hex digits */
  newId: () => string;
  reportSecrets: ReportSecrets;
  measure: Measure;
  /** Of what a gateway told and was not taken. */
  refused: (problem: ApiProblem, about: Record<string, string>) => void;
  /** Of an error that is no answer: a defect, or the table. */
  failed: (error: Error) => void;
}
