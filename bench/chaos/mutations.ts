import { gatewayKeyPrefix, poolKey } from '../../lambdas/store/keys.ts';
import type { Write } from '../../lambdas/store/transaction.ts';

/** One condition of the store left out: some day must show it. */
export interface Mutation {
  name: string;
  /** Whether the write is one whose condition is left out. */
  isOf(write: Write): boolean;
}

const updates = (write: Write) => ('update' in write ? write : undefined);
const isGatewayUpdate = (write: Write, state: string) =>
  updates(write)?.update.startsWith(gatewayKeyPrefix) === true && updates(write)?.set?.state === state;
const isOfKey = (write: Write, prefix: string) =>
  ('put' in write
    ? write.put.pk
    : 'update' in write
      ? write.update
      : 'delete' in write
        ? write.delete
        : write.check
  ).startsWith(prefix);

export const mutations: readonly Mutation[] = [
  { name: 'a lock of a gateway that is not free', isOf: (write) => isGatewayUpdate(write, 'locked') },
  { name: 'a release by a call that does not own it', isOf: (write) => isGatewayUpdate(write, 'free') },
  { name: 'a gateway made busy that has changed', isOf: (write) => isGatewayUpdate(write, 'busy') },
  { name: 'a gateway drained that has changed', isOf: (write) => isGatewayUpdate(write, 'draining') },
  { name: 'a gateway deleted that has changed', isOf: (write) => 'delete' in write && isOfKey(write, 'GW#') },
  { name: 'a registration written over another', isOf: (write) => 'put' in write && isOfKey(write, 'GW#') },
  { name: 'a call written over a later one', isOf: (write) => 'put' in write && isOfKey(write, 'CALL#') },
  {
    name: 'a refresh of a gateway whose call is over',
    isOf: (write) => 'check' in write && isOfKey(write, 'ENDED#'),
  },
  { name: 'an edge taken for lost that asks', isOf: (write) => 'check' in write && isOfKey(write, 'EDGE#') },
  { name: 'two runs that decide about the pool at once', isOf: (write) => isOfKey(write, poolKey) },
  { name: 'a start written over a later record', isOf: (write) => 'put' in write && isOfKey(write, 'TASK#') },
];
