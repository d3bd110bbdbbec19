import * as z from 'zod';
import type { Edge } from '../../domain/edge.ts';
import type { Item } from '../attributes.ts';
import { edgeIdOf } from '../keys.ts';
import { itemReader } from './read-item.ts';

/** A lease that nobody looks at any more has no end in the item. */
const edgeSchema = z
  .object({
    edgeId: z.string(),
    generation: z.number(),
    watchAt: z.number().default(0),
    begunAt: z.number().default(0),
    drainingSince: z.number().exactOptional(),
  })
  .transform(({ watchAt, ...edge }): Edge => ({ ...edge, leaseUntil: watchAt }));

/** @throws UnreadableItem */
export const edgeFrom: (item: Item) => Edge = itemReader(edgeSchema);

/** @throws UnreadableItem */
export function edgeOf(item: Item | undefined): Edge | undefined {
  return item && edgeFrom(item);
}

/** @param item as the `watch` index shows it, which holds keys only: a name and the end of a lease are among them */
export function watchedEdgeOf(item: Item): Pick<Edge, 'edgeId' | 'leaseUntil'> {
  return { edgeId: edgeIdOf(String(item.pk)), leaseUntil: Number(item.watchAt) };
}
