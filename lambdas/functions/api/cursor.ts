import * as z from 'zod';
import type { Place } from '../../store/newest-first.ts';
import { ApiProblem } from './problem.ts';

/* Where a page ended, as text that clients give back and need not understand. */

const placeSchema = z
  .array(
    z.union([z.literal('end'), z.null(), z.tuple([z.string().max(128), z.string().max(700), z.number()])]),
  )
  .max(200);

export function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws ApiProblem where it is none of ours */
export function placeOfCursor(cursor: string | undefined): Place {
  if (cursor === undefined) return [];
  const parsed = placeSchema.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) return parsed.data;
  throw new ApiProblem('invalid-request', { errors: [{ field: 'cursor', message: 'is of no page before' }] });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
