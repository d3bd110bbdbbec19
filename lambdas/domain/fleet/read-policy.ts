import { parsePoolPolicy } from '../../../contracts/pool-policy.ts';
import type { FleetPolicy } from './types.ts';

/** What the deployment says, where the policy's file does not. */
export interface PolicyDefaults {
  timeZone: string;
  maxGateways: number;
  gateways: 'single-use' | 'reuse';
}

/**
 * @param json what the policy's file holds
 * @throws PolicyError
 */
export function parsePolicy(json: unknown, defaults: PolicyDefaults): FleetPolicy {
  const { timeZone = defaults.timeZone, maxGateways = defaults.maxGateways, ...rest } = parsePoolPolicy(json);
  if (rest.policy === 'predictive') {
    return { ...rest, timeZone, maxGateways, gateways: rest.gateways ?? defaults.gateways };
  }
  const { timeline, ...settings } = rest;
  return { ...settings, timeZone, maxGateways, week: timeline.auto_scale_threshold };
}
