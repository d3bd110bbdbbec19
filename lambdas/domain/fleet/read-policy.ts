import { parsePoolPolicy } from '../../../contracts/pool-policy.ts';
import type { FleetPolicy } from './types.ts';

/** What the deployment says, where the policy's file does not. */
export interface PolicyDefaults {
  timeZone: string;
  maxGateways: number;
  startSec: number;
  gateways: 'single-use' | 'reuse';
}

/**
 * @param json what the policy's file holds
 * @throws PolicyError
 */
export function parsePolicy(json: unknown, defaults: PolicyDefaults): FleetPolicy {
  const { timeZone, maxGateways, startSec, ...rest } = parsePoolPolicy(json);
  const common = {
    timeZone: timeZone ?? defaults.timeZone,
    maxGateways: maxGateways ?? defaults.maxGateways,
    startSec: startSec ?? defaults.startSec,
  };
  if (rest.policy === 'predictive') {
    return { ...rest, ...common, gateways: rest.gateways ?? defaults.gateways };
  }
  const { timeline, ...settings } = rest;
  return { ...settings, ...common, week: timeline.auto_scale_threshold };
}
