import { readFileSync } from 'node:fs';

/* The prices of prices.json, in USD. */

const { prices, hoursPerMonth: hours } = JSON.parse(
  readFileSync(new URL('./prices.json', import.meta.url), 'utf8'),
) as {
  prices: Record<string, { usd: number }>;
  hoursPerMonth: number;
};
export const hoursPerMonth = hours;
export const secondsPerMonth = hoursPerMonth * 3600;

/** @throws Error where there is no such price */
export function price(name: string): number {
  const found = prices[name];
  if (!found) throw new Error(`no price ${name}`);
  return found.usd;
}
