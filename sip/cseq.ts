export interface CSeq {
  number: number;
  method: string;
}

/** @returns the sequence number and method, or undefined where malformed or above 2^31-1 (RFC 3261 8.1.1.5) */
export function parseCSeq(value: string): CSeq | undefined {
  const match = /^\s*0*(\d{1,10})\s+([A-Za-z0-9\-.!%*_+`'~]+)\s*$/.exec(value);
  if (!match) return undefined;
  const number = Number(match[1]);
  return number > 2_147_483_647 ? undefined : { number, method: match[2] as string };
}
