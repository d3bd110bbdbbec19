import { readFileSync } from 'node:fs';
import { type Settings, SettingsError } from './settings.ts';

/** It is a variable of a function, and all of a function's variables together may be 4 kB. */
const maxBytes = 3000;

/**
 * How many gateways are wanted, as the `fleet` function reads it (docs/pool.md).
 * @returns JSON: the policy's file, or the policy that the settings describe
 * @throws SettingsError where the file cannot be used
 */
export function poolPolicy(settings: Settings): string {
  const { poolPolicyFile } = settings;
  const policy = poolPolicyFile === '' ? described(settings) : read(poolPolicyFile);
  const text = JSON.stringify(policy);
  if (Buffer.byteLength(text) > maxBytes) {
    throw new SettingsError(`setting poolPolicyFile: ${poolPolicyFile} has more than ${maxBytes} bytes`);
  }
  return text;
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

function read(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SettingsError(`setting poolPolicyFile: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingsError(`setting poolPolicyFile: ${file} holds no object`);
  }
  const { auto_scale_threshold: thresholds, ...rest } = value as Record<string, unknown>;
  // The rest of the original's file is about machines, and not for the pool.
  return thresholds === undefined ? rest : { auto_scale_threshold: thresholds };
}
