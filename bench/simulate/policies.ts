import type { Profile } from '../../lambdas/domain/demand/profile.ts';
import { noStartsYet } from '../../lambdas/domain/fleet/breaker.ts';
import { decide } from '../../lambdas/domain/fleet/decide.ts';
import { type PolicyDefaults, parsePolicy } from '../../lambdas/domain/fleet/read-policy.ts';
import type { FleetMemory, FleetPolicy } from '../../lambdas/domain/fleet/types.ts';
import { originalController } from './original.ts';
import type { Controller } from './replayed.ts';

/** The original's thresholds of the real day, in its own format. */
const thresholdsOfThatDay = {
  auto_scale_threshold: {
    '00:00:00': { unlockedMin: 2, loadMax: 0.9 },
    '07:00:00': { unlockedMin: 4, loadMax: 0.75 },
    '09:00:00': { unlockedMin: 8, loadMax: 0.75 },
    '10:30:00': { unlockedMin: 8, loadMax: 0.75 },
    '12:30:00': { unlockedMin: 4, loadMax: 0.8 },
    '13:00:00': { unlockedMin: 8, loadMax: 0.75 },
    '14:30:00': { unlockedMin: 4, loadMax: 0.75 },
    '17:00:00': { unlockedMin: 2, loadMax: 0.8 },
    '20:00:00': { unlockedMin: 2, loadMax: 0.9 },
  },
};

/** Policies by name; any other is the file of one. */
export const policyNames = ['original', 'timeline', 'predictive'] as const;

/**
 * @param name one of `policyNames`
 * @param json what the file holds, for any other policy
 */
export function controllerOf(
  name: string,
  json: unknown,
  defaults: PolicyDefaults,
  profile: Profile | undefined,
): Controller {
  if (name === 'original') {
    const policy = parsePolicy(thresholdsOfThatDay, defaults);
    if (policy.policy !== 'timeline') throw new Error('thresholds are a timeline');
    return originalController(policy.week, defaults.timeZone, defaults.maxGateways);
  }
  if (name === 'timeline') return deciding(parsePolicy(thresholdsOfThatDay, defaults), profile);
  if (name === 'predictive') return deciding(parsePolicy({ policy: 'predictive' }, defaults), profile);
  return deciding(parsePolicy(json, defaults), profile);
}

/** The decision that production runs. */
function deciding(policy: FleetPolicy, profile: Profile | undefined): Controller {
  let memory: FleetMemory = {};
  return {
    everyEvent: true,
    decide({ nowMs, counts, waiting, perMinute }) {
      const decision = decide({
        nowMs,
        policy,
        counts,
        waiting,
        recentStarts: noStartsYet,
        memory,
        demand: { perMinute },
        ...(profile !== undefined && { profile }),
      });
      memory = decision.memory;
      return decision.action === 'none' ? { action: 'none' } : decision;
    },
  };
}
