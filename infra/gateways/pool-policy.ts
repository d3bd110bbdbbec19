import { readFileSync } from 'node:fs';
import { PolicyError, parsePoolPolicy } from '../../contracts/pool-policy.ts';
import { type Settings, SettingsError } from '../settings.ts';

/** It is a variable of a function, and all of a function's variables together may be 4 kB. */
const maxBytes = 3000;

/**
 * How many gateways are wanted, as the `fleet` function reads it (docs/pool.md).
 * @returns JSON: the policy's file, or the policy that the settings describe
 * @throws SettingsError where the file cannot be used, naming the file and the place in it
 */
export function poolPolicy(settings: Settings): string {
  const { poolPolicyFile } = settings;
  return JSON.stringify(poolPolicyFile === '' ? described(settings) : policyOf(poolPolicyFile));
}

function described({ poolPolicy, poolMinFree, poolMaxStarting, poolDrainAfterSec }: Settings): unknown {
  const common = { maxStarting: poolMaxStarting, drainAfterSec: poolDrainAfterSec };
  if (poolPolicy === 'predictive') return { policy: 'predictive', minFree: poolMinFree, ...common };
  // The same at every time of the week; all gateways may be in calls but the free ones.
  const threshold = { unlockedMin: poolMinFree, loadMax: 1 };
  return {
    policy: 'timeline',
    ...common,
    timeline: { auto_scale_threshold: { default: { '00:00:00': threshold } } },
  };
}

function policyOf(file: string): unknown {
  const json = jsonOf(file);
  try {
    parsePoolPolicy(json);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw unusable(file, error.problems);
  }
  const policy = forThePool(json as PolicyJson);
  if (Buffer.byteLength(JSON.stringify(policy)) > maxBytes) {
    throw unusable(file, `has more than ${maxBytes} bytes`);
  }
  return policy;
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw unusable(file, (error as Error).message);
  }
}

/** In one line, also where the parser quotes several of the file. */
const unusable = (file: string, why: string) =>
  new SettingsError(`setting poolPolicyFile: ${file}: ${why.replaceAll(/\s+/g, ' ')}`);

interface PolicyJson {
  auto_scale_threshold?: unknown;
  timeline?: PolicyJson;
}

/** The rest of the original's file is about machines and passwords, and not for the function. */
function forThePool(policy: PolicyJson): PolicyJson {
  const { auto_scale_threshold, timeline } = policy;
  if (auto_scale_threshold !== undefined) return { auto_scale_threshold };
  return timeline === undefined ? policy : { ...policy, timeline: forThePool(timeline) };
}
