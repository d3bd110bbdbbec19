import { parseParams } from './parameters.ts';

/** What Session-Expires says of a session timer (RFC 4028 4). */
export interface SessionExpires {
  sec: number;
  /** Who sends the refreshes: who sent the request that carries the header, or who answers it; none where it is open. */
  refresher: 'uac' | 'uas' | undefined;
}

/** @returns the timer, or undefined where there is none or it is malformed */
export function parseSessionExpires(value: string | undefined): SessionExpires | undefined {
  const [, text, params = ''] = /^\s*(\d{1,9})\s*(;.*)?$/s.exec(value ?? '') ?? [];
  const sec = Number(text);
  if (!(sec > 0)) return undefined;
  const refresher = parseParams(params).get('refresher')?.toLowerCase();
  return { sec, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}
