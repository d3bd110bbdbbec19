import * as z from 'zod';
import { peerSchema } from '../../../contracts/common.ts';
import { gatewayStateSchema } from '../../../contracts/gateway-state.ts';
import type { Candidate, Gateway } from '../../domain/gateway/gateway.ts';
import type { Item } from '../attributes.ts';
import {
  drainedWatchKey,
  drainingWatchKey,
  freeShardOf,
  gatewayKey,
  heldWatchKey,
  silentWatchKey,
} from '../keys.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* A gateway's item: what the domain knows of it, and its place in the indexes, which follows from that. */

const bindingSchema = z.object({
  uri: z.string(),
  expiresAt: z.number(),
  q: z.number().exactOptional(),
  updatedAt: z.number(),
});

const candidateSchema = z.object({
  username: z.string(),
  registrationId: z.string(),
  contact: z.string(),
  received: peerSchema,
  edgeId: z.string(),
  taskId: z.string().exactOptional(),
});

const gatewaySchema = candidateSchema
  .extend({
    contacts: z.array(bindingSchema),
    contactUris: z.set(z.string()),
    cseq: z.number(),
    supersededId: z.string().exactOptional(),
    freshCseq: z.number().exactOptional(),
    lostCall: z.string().exactOptional(),
    matchedCall: z.string().exactOptional(),
    state: gatewayStateSchema,
    lockedBy: z.string().exactOptional(),
    lockedUntil: z.number().exactOptional(),
    registeredAt: z.number(),
    expiresAt: z.number(),
    availableAt: z.number().optional(),
    watchAt: z.number().optional(),
  })
  .transform(({ availableAt, watchAt, ...gateway }): Gateway => {
    if (gateway.state === 'free' && availableAt !== undefined) return { ...gateway, freeSince: availableAt };
    if (gateway.state === 'silent' && watchAt !== undefined) return { ...gateway, silentSince: watchAt };
    if (gateway.state === 'held' && watchAt !== undefined) return { ...gateway, heldSince: watchAt };
    if (gateway.state === 'draining' && watchAt !== undefined) return { ...gateway, drainUntil: watchAt };
    return gateway;
  });

/** @returns the gateway, whether or not it ran out. @throws UnreadableItem */
export const gatewayFrom: (item: Item) => Gateway = itemReader(gatewaySchema);

/** @returns a gateway as the `free` index shows it. @throws UnreadableItem */
export const candidateFrom: (item: Item) => Candidate = itemReader(candidateSchema);

/** The same, of an item that may not be there. */
export function gatewayOf(item: Item | undefined): Gateway | undefined {
  return item && gatewayFrom(item);
}

/** When it can be given: since then, or from then on. Undefined for one that cannot. */
export function availableAtOf({ state, freeSince, lockedUntil }: Gateway): number | undefined {
  if (state === 'free') return freeSince;
  return state === 'locked' ? lockedUntil : undefined;
}

/** @param freeShards partitions of the `free` index */
export function gatewayItem(gateway: Gateway, freeShards: number): Item & { pk: string } {
  const { freeSince: _free, silentSince, heldSince, drainUntil, ...rest } = gateway;
  const availableAt = availableAtOf(gateway);
  const watchKey = gateway.lockedBy === undefined ? drainedWatchKey : drainingWatchKey;
  return {
    pk: gatewayKey(gateway.username),
    v: itemVersion,
    ...rest,
    ...(availableAt !== undefined && { freeShard: freeShardOf(gateway.username, freeShards), availableAt }),
    ...(gateway.state === 'silent' &&
      silentSince !== undefined && { watchKey: silentWatchKey, watchAt: silentSince }),
    ...(gateway.state === 'held' &&
      heldSince !== undefined && { watchKey: heldWatchKey, watchAt: heldSince }),
    ...(drainUntil !== undefined && { watchKey, watchAt: drainUntil }),
  };
}
