import type { Edge } from '../../domain/edge.ts';
import type { Item } from '../attributes.ts';
import { edgeIdOf } from '../keys.ts';

/** @param item as the `watch` index shows it, which holds keys only: a name and the end of a lease are among them */
export function watchedEdgeOf(item: Item): Pick<Edge, 'edgeId' | 'leaseUntil'> {
  return { edgeId: edgeIdOf(String(item.pk)), leaseUntil: Number(item.watchAt) };
}
