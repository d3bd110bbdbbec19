import { epochSec } from '../domain/time.ts';
import { above, allOf, atMost, below, equals } from './conditions.ts';

/* What writes of a gateway's item rely on. */

export const lockAttributes = ['lockedBy', 'lockedUntil'] as const;
export const watchAttributes = ['watchKey', 'watchAt'] as const;

export const registrationIs = (registrationId: string) => equals('registrationId', registrationId);
export const notExpired = (nowMs: number) => above('expiresAt', epochSec(nowMs));
export const expired = (nowMs: number) => atMost('expiresAt', epochSec(nowMs));
export const lockLapsed = (nowMs: number) => allOf(equals('state', 'locked'), below('lockedUntil', nowMs));
export const isFree = equals('state', 'free');
