import type { Pool } from '../domain/items.ts';
import type { Item } from './attributes.ts';

/** @returns what the fleet last said of the pool; undefined where it never did */
export function poolOf(item: Item | undefined): Pool | undefined {
  if (item === undefined) return undefined;
  const { pk: _pk, ...pool } = item;
  return pool as unknown as Pool;
}
