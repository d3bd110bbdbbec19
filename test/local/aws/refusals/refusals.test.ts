import { afterEach, describe, expect, it } from 'vitest';
import { refusalsOf, rules } from '../../../../local/aws/refusals/rules.ts';
import { resourceTypes } from '../../../../local/aws/resource-types.ts';
import { type RawResource, resolveTemplate, type Template } from '../../../../local/aws/template.ts';
import { deployments, synthesize } from '../../../infra/synth.ts';
import { startTestCloud, type TestCloud } from '../test-cloud.ts';
import { broken } from './broken.ts';

/* What AWS refuses at a deployment is refused here: by each rule what breaks it, and nothing of ours. */

const resolved = (template: Template) =>
  resolveTemplate('Switchroom', template, resourceTypes('Switchroom')).resources;

describe('each rule', () => {
  it('has a stack that breaks it, and names who says so', () => {
    expect(Object.keys(broken).sort()).toEqual(Object.keys(rules).sort());
    expect(Object.keys(rules).length).toBeGreaterThan(15);
    for (const [name, { source }] of Object.entries(rules)) expect(source, name).toMatch(/^https:\/\//);
  });

  const cases = Object.entries(broken).flatMap(([name, stacks]) =>
    stacks.map((stack, index) => [`${name} ${index + 1}`, name, stack] as const),
  );
  it.each(cases)('%s is broken by its stack alone', (_title, name, Resources) => {
    const found = refusalsOf(resolved({ Resources }));
    expect(found).toEqual([expect.objectContaining({ rule: name, says: expect.stringMatching(/\w/) })]);
    expect(Object.keys(Resources)).toContain(found[0]?.logicalId);
  });
});

describe('of our deployments', () => {
  // Instances are none of the local cloud's types.
  const shapes = Object.entries(deployments).filter(([name]) => name !== 'sipmediagw');
  it.each(shapes)('%s breaks no rule', (_name, settings) => {
    expect(refusalsOf(resolved(synthesize(settings).toJSON() as Template))).toEqual([]);
  });
});

describe('a deployment', () => {
  let cloud: TestCloud | undefined;
  afterEach(() => cloud?.close());

  it('of what breaks a rule fails, and says what AWS says', async () => {
    const Resources = broken.logsRetention?.[0] as Record<string, RawResource>;
    cloud = await startTestCloud({});
    const assets = { codeDirectory: () => '', imageDirectory: () => '' };
    const stack = { name: 'Switchroom', template: { Resources }, ...assets };
    await expect(cloud.deploy(stack)).rejects.toThrow('Invalid retention value 31.');
  });
});
