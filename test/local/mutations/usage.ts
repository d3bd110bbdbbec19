import { vi } from 'vitest';
import type { Settings } from '../../../infra/settings.ts';
import { until } from '../../support/until.ts';
import type { Check } from './checks/check.ts';
import { checks } from './checks/checks.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Mutation } from './mutations.ts';

/*
 * What each check makes use of. What is at fault is noticed by a check that uses it: such a one runs first, and the
 * others only where it notices nothing.
 */

export interface Usage {
  check: Check;
  /** Who may do what on what, which functions answer, which facts are told, which dead letters kept: one a line. */
  lines: ReadonlySet<string>;
  tookMs: number;
}

/** Runs all checks, and writes down what they use. @throws Error of the first that fails */
export async function usageOfChecks(plane: ControlPlane, settings: Settings): Promise<Usage[]> {
  const { permissions, functions, buses, queues, events } = plane.cloud;
  const check = vi.spyOn(permissions, 'check');
  const checkService = vi.spyOn(permissions, 'checkService');
  const invoke = vi.spyOn(functions, 'invoke');
  let told: string[] = [];
  buses.observe(({ 'detail-type': type }) => told.push(`tells ${type}`));
  queues.observeLetters((queue, body) => told.push(`keeps in ${queue} ${body}`));
  const usages: Usage[] = [];
  for (const one of checks) {
    told = [];
    // What the functions have remembered goes past the main thread, where nobody sees it.
    permissions.forget();
    const from = performance.now();
    await one.run(plane, settings);
    const tookMs = performance.now() - from;
    await until('what was begun is done', () => events.open === 0);
    const lines = [
      ...check.mock.calls.map(([who, { action, resource }]) => `${who} may ${action} on ${resource}`),
      ...checkService.mock.calls.map(
        ([service, source, { action, resource }]) => `${service} for ${source} may ${action} on ${resource}`,
      ),
      ...invoke.mock.calls
        .filter(([, payload]) => !isBatch(payload))
        .map(([name]) => `takes the answer of ${name.slice(name.lastIndexOf(':') + 1)}`),
      ...told,
    ];
    usages.push({ check: one, lines: new Set(lines), tookMs });
    for (const spy of [check, checkService, invoke]) spy.mockClear();
  }
  for (const spy of [check, checkService, invoke]) spy.mockRestore();
  return usages;
}

/** Facts that an event source mapping gives to a function: no check is told what it fails of. */
const isBatch = (payload: string) => 'Records' in JSON.parse(payload);

/** @returns all checks: first those that use what the mutation takes away, the quickest before the others */
export function orderFor({ uses, names }: Mutation, usages: readonly Usage[]): Check[] {
  const wanted = uses ?? names;
  const isUsed = ({ lines }: Usage) =>
    wanted.length > 0 && [...lines].some((line) => wanted.every((part) => line.includes(part)));
  const first = usages.filter(isUsed).sort((one, other) => one.tookMs - other.tookMs);
  return [...first, ...usages.filter((usage) => !first.includes(usage))].map(({ check }) => check);
}
