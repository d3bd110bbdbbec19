import type { DecisionView } from '../contracts/api/pool-views.ts';

/** `3 s`, `2 min 5 s`, `1 h 10 min`. */
export function duration(ms: number): string {
  const sec = Math.max(0, Math.round(ms / 1000));
  if (sec < 60) return `${sec} s`;
  if (sec < 3600) return `${Math.floor(sec / 60)} min ${sec % 60} s`;
  return `${Math.floor(sec / 3600)} h ${Math.floor((sec % 3600) / 60)} min`;
}

export const between = (from: string, to: string | number = Date.now()) =>
  new Date(to).getTime() - new Date(from).getTime();

export const clock = (at: string) => at.slice(0, 19).replace('T', ' ');

/** A gateway of ours by the beginning of its task's id. */
export const gatewayName = (username: string) =>
  /^[0-9a-f]{32}\./.test(username) ? `${username.slice(0, 8)}…` : username;

export function decisionText({ action, count, done, reason, counts, waiting }: DecisionView): string {
  const { unmanaged: _unmanaged, ...shown } = counts;
  const saw = Object.entries({ ...shown, waiting })
    .filter(([, number]) => number > 0)
    .map(([what, number]) => `${number} ${what}`);
  const wanted = typeof reason.level === 'number' ? [`${reason.level} wanted`] : [];
  const did = `${action === 'start' ? 'started' : 'drained'} ${done}${done === count ? '' : ` of ${count}`}`;
  return `${[...saw, ...wanted].join(', ') || 'nothing'}: ${did} (${reason.rule})`;
}
