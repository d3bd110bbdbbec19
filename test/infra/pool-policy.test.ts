import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parsePoolPolicy } from '../../contracts/pool-policy.ts';
import { poolPolicy } from '../../infra/gateways/pool-policy.ts';
import { readSettings, SettingsError } from '../../infra/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'switchroom-policy-'));
const file = join(dir, 'policy.json');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const row = { unlockedMin: 3, loadMax: 0.8, maxGw: 9 };
const thresholds = { default: { '00:00:00': row }, saturday: { '00:00:00': row } };

/** What the function is told, of a file that holds this. */
function told(holds: unknown): unknown {
  writeFileSync(file, typeof holds === 'string' ? holds : JSON.stringify(holds));
  return JSON.parse(poolPolicy(readSettings({ poolPolicyFile: file })));
}

function refusal(what: () => unknown): string {
  try {
    what();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the file of a policy', () => {
  it.each([
    ['of ours', { policy: 'predictive', minFree: 1, timeZone: 'Europe/Paris' }],
    [
      'of ours around thresholds',
      { policy: 'timeline', maxGateways: 5, timeline: { auto_scale_threshold: thresholds } },
    ],
    ['of the original', { auto_scale_threshold: thresholds }],
    ['of the original before it knew days', { auto_scale_threshold: { '00:00:00': row } }],
  ])('%s is handed on as it is', (_what, policy) => {
    expect(told(policy)).toEqual(policy);
  });

  it('of the original is handed on without its machines and passwords, also within ours', () => {
    const original = { auto_scale_threshold: thresholds, cpu_per_gw: 4, sip_db: { root_password: 'x' } };
    const ours = { auto_scale_threshold: thresholds };
    expect(told(original)).toEqual(ours);
    expect(told({ policy: 'timeline', timeline: original })).toEqual({ policy: 'timeline', timeline: ours });
  });

  it.each([
    ['a misspelt setting', { policy: 'predictive', minfree: 1 }, 'Unrecognized key: "minfree"'],
    [
      'a misspelt day',
      { auto_scale_threshold: { ...thresholds, saterday: {} } },
      'auto_scale_threshold: Unrecognized key: "saterday"',
    ],
    [
      'a misspelt limit',
      { policy: 'timeline', timeline: { auto_scale_threshold: { '00:00:00': { ...row, maxGW: 1 } } } },
      'timeline.auto_scale_threshold.00:00:00: Unrecognized key: "maxGW"',
    ],
    [
      'nothing for midnight',
      { auto_scale_threshold: { default: { '07:00:00': row } } },
      'auto_scale_threshold.default: what holds from 00:00:00 on is missing',
    ],
    [
      'a time zone that does not exist',
      { policy: 'predictive', timeZone: 'Europe/Atlantis' },
      'timeZone: must be an IANA time zone, such as Europe/Paris',
    ],
    ['an unknown policy', { policy: 'best' }, 'policy: must be predictive or timeline'],
    ['no object', '3', 'expected object'],
    ['no JSON', '{\n  "policy": predictive\n}', 'not valid JSON'],
    ['nothing', '', 'Unexpected end of JSON input'],
    [
      'more than the function can be told',
      {
        auto_scale_threshold: {
          default: Object.fromEntries(
            Array.from({ length: 60 }, (_, minute) => [`00:${String(minute).padStart(2, '0')}:00`, row]),
          ),
        },
      },
      'has more than 3000 bytes',
    ],
  ])('with %s is refused in one line that names file and place', (_what, holds, problem) => {
    const text = refusal(() => told(holds));
    expect(text.startsWith(`setting poolPolicyFile: ${file}: `), text).toBe(true);
    expect(text).toContain(problem);
    expect(text).not.toContain('\n');
  });

  it('that is not there, or is a directory, is refused by name', () => {
    const of = (poolPolicyFile: string) => refusal(() => poolPolicy(readSettings({ poolPolicyFile })));
    expect(of(join(dir, 'none.json'))).toMatch(/^setting poolPolicyFile: \S+none\.json: ENOENT/);
    expect(of(dir)).toMatch(/^setting poolPolicyFile: \S+: EISDIR/);
  });
});

describe('the policy that the settings describe', () => {
  it.each(['timeline', 'predictive'])('%s is one that the function takes', (policy) => {
    const text = poolPolicy(readSettings({ poolPolicy: policy, poolMinFree: 0, poolDrainAfterSec: 5 }));
    expect(parsePoolPolicy(JSON.parse(text))).toMatchObject({ policy, maxStarting: 200, drainAfterSec: 5 });
  });

  it('is the one that a file gives which says no more', () => {
    const described = poolPolicy(readSettings({ poolPolicy: 'predictive' }));
    expect(parsePoolPolicy(JSON.parse(described))).toEqual(parsePoolPolicy({ policy: 'predictive' }));
  });
});
