import { callKeyPrefix, gatewayKeyPrefix, poolKey, taskKeyPrefix } from '../../lambdas/store/keys.ts';
import type { Write } from '../../lambdas/store/transaction.ts';
import { type EdgeMutation, edgeMutations } from './edge-mutations.ts';

/** Something of the real code left out: some day must show it. */
export interface Mutation {
  name: string;
  /** Writes whose condition is left out. */
  isUnchecked?(write: Write): boolean;
  /** Writes that are left out: they say that they were done. */
  isDropped?(write: Write): boolean;
  edge?: EdgeMutation;
}

function keyOf(write: Write): string {
  if ('put' in write) return write.put.pk;
  if ('update' in write) return write.update;
  return 'delete' in write ? write.delete : write.check;
}

const isOf = (write: Write, prefix: string) => keyOf(write).startsWith(prefix);
const setsState = (write: Write, state: string) =>
  'update' in write && isOf(write, gatewayKeyPrefix) && write.set?.state === state;

export const mutations: readonly Mutation[] = [
  { name: 'an edge has no lease', isDropped: (write) => 'update' in write && isOf(write, 'EDGE#') },
  { name: 'a start is not written down', isDropped: (write) => 'put' in write && isOf(write, taskKeyPrefix) },
  { name: 'the lock has no condition', isUnchecked: (write) => setsState(write, 'locked') },
  {
    name: 'a call is written over a later one',
    isUnchecked: (write) => 'put' in write && isOf(write, callKeyPrefix),
  },
  { name: 'two runs decide about the pool at once', isUnchecked: (write) => isOf(write, poolKey) },
  {
    name: 'a start is written over a later record',
    isUnchecked: (write) => 'put' in write && isOf(write, taskKeyPrefix),
  },
  { name: 'an answered call does not make its gateway busy', isDropped: (write) => setsState(write, 'busy') },
  { name: 'a gateway that its call lets go stays locked', isDropped: (write) => setsState(write, 'free') },
  {
    name: 'what the sweep finished stays',
    isDropped: (write) => 'delete' in write && isOf(write, gatewayKeyPrefix),
  },
  ...edgeMutations.map(({ name, ...edge }) => ({ name, edge })),
];
