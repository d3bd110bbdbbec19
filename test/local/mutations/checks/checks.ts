import type { Settings } from '../../../../infra/settings.ts';
import type { ControlPlane } from '../control-plane.ts';
import { callChecks } from './call-checks.ts';
import type { Check } from './check.ts';
import { fleetChecks } from './fleet-checks.ts';
import { deadLetterChecks, sweepChecks } from './kept-checks.ts';
import { mediaChecks } from './media-checks.ts';
import { operatorChecks } from './operator-checks.ts';
import { recordChecks } from './record-checks.ts';
import { toldChecks } from './told-checks.ts';

/*
 * What a stack must do, of the call flow and beside it: each check throws an error that names the resource which keeps
 * it from that. permissions.test.ts holds the template to them; grants.test.ts and those beside it show that they notice.
 */

export const checks: readonly Check[] = [
  ...toldChecks,
  ...sweepChecks,
  ...callChecks,
  ...fleetChecks,
  ...operatorChecks,
  ...mediaChecks,
  ...recordChecks,
  ...deadLetterChecks,
];

/**
 * @param order of the checks: the last ones stay the last
 * @throws Error of the first check that fails
 */
export async function runChecks(
  plane: ControlPlane,
  settings: Settings,
  order: readonly Check[] = checks,
): Promise<void> {
  for (const { name, run } of order) {
    try {
      await run(plane, settings);
    } catch (error) {
      throw new Error(`${name}: ${[(error as Error).message, ...plane.troubles].join('\n')}`, {
        cause: error,
      });
    }
  }
}
