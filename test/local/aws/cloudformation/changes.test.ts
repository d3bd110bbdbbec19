import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../../local/aws/cloudformation/changes.ts';
import type { Template } from '../../../../local/aws/template.ts';
import { synthesize } from '../../../infra/synth.ts';

const templateWith = (settings: Record<string, unknown> = {}) => synthesize(settings).toJSON() as Template;

const standard = templateWith();

/** What changes, as `Function allocate: Environment`; with `!` where the resource is replaced. */
function changedBy(settings: Record<string, unknown>): string[] {
  return changesBetween(standard, templateWith(settings)).map(
    ({ action, logicalId, type, replacement, details }) => {
      const place = logicalId.replace(/[0-9A-F]{8}$/, '');
      const what = action === 'Modify' ? details.map(({ name, attribute }) => name ?? attribute) : [action];
      return `${type.split('::').at(-1)} ${place}: ${what.join(', ')}${replacement === 'True' ? '!' : ''}`;
    },
  );
}

describe('the change set of a changed setting', () => {
  it('is empty where nothing changed', () => {
    expect(changedBy({})).toEqual([]);
  });

  it('names the functions that the setting is for, and nothing else', () => {
    const functions = (...names: string[]) =>
      names.map((name) => `Function Functions${name}Function: Environment`);
    // The API shows the settings.
    const api = 'Function OperatorsApiFunction: Environment';
    expect(changedBy({ poolMaxStarting: 9 })).toEqual([...functions('Fleet'), api]);
    expect(changedBy({ edgeLostGraceSec: 90 })).toEqual([...functions('Calls', 'Fleet'), api]);
    expect(changedBy({ lockLeaseSec: 90 })).toEqual([
      ...functions('Register', 'Allocate', 'Calls', 'Fleet'),
      api,
    ]);
  });

  it('names the log groups alone for their retention', () => {
    const changes = changedBy({ logRetentionDays: 7 });
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.filter((change) => !/^LogGroup \w+: RetentionInDays$/.test(change))).toEqual([]);
  });

  it('gives the edges other tasks for what they are told, and their services with them', () => {
    expect(changedBy({ minExpiresSec: 30 })).toEqual([
      'TaskDefinition EdgeTask1: ContainerDefinitions!',
      'Service EdgeZone1Service: TaskDefinition',
      'TaskDefinition EdgeTask2: ContainerDefinitions!',
      'Service EdgeZone2Service: TaskDefinition',
    ]);
  });

  it('keeps the table whatever is set', () => {
    const settings = { freeShards: 4, domain: 'other.test', gatewayName: 'other', poolMinFree: 5, zones: 3 };
    for (const [name, value] of Object.entries(settings)) {
      expect(changedBy({ [name]: value }).filter((change) => change.startsWith('Table'))).toEqual([]);
    }
  });

  it('lets data go only by its policies', () => {
    expect(changedBy({ keepData: false })).toEqual(
      expect.arrayContaining([
        'Table StateTable: DeletionProtectionEnabled, DeletionPolicy, UpdateReplacePolicy',
      ]),
    );
    expect(changedBy({ keepData: false }).filter((change) => change.endsWith('!'))).toEqual([]);
  });
});

describe('changes between templates', () => {
  const bus = (Name: string) => ({ Type: 'AWS::Events::EventBus', Properties: { Name } });
  const rule = (EventBusName: unknown) => ({
    Type: 'AWS::Events::Rule',
    Properties: { EventBusName, EventPattern: { source: ['a'] } },
  });
  const of = (Resources: unknown, more: object = {}) => ({ Resources, ...more }) as Template;

  it('are what is added, modified and removed, the removed last', () => {
    const changes = changesBetween(of({ A: bus('a'), B: bus('b') }), of({ B: bus('c'), C: bus('d') }));
    expect(changes.map(({ action, logicalId }) => `${action} ${logicalId}`)).toEqual([
      'Modify B',
      'Add C',
      'Remove A',
    ]);
  });

  it('follow what refers to something replaced, and say what it is', () => {
    const after = of({ Bus: bus('new'), Rule: rule({ Ref: 'Bus' }), Alone: rule('default') });
    const before = of({ Bus: bus('old'), Rule: rule({ Ref: 'Bus' }), Alone: rule('default') });
    expect(changesBetween(before, after)).toEqual([
      expect.objectContaining({ logicalId: 'Bus', replacement: 'True' }),
      expect.objectContaining({
        logicalId: 'Rule',
        replacement: 'Conditional',
        details: [
          {
            attribute: 'Properties',
            name: 'EventBusName',
            requiresRecreation: 'Conditionally',
            causedBy: { logicalId: 'Bus' },
          },
        ],
      }),
    ]);
  });

  it('follow a parameter that has another value', () => {
    const withBus = (name: string) =>
      of({ Rule: rule({ Ref: 'BusName' }) }, { Parameters: { BusName: { Default: name } } });
    expect(changesBetween(withBus('a'), withBus('b'))).toMatchObject([
      { logicalId: 'Rule', details: [{ causedBy: { logicalId: 'BusName' } }] },
    ]);
  });

  it('are none for another order of keys', () => {
    const one = of({ A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'a', DelaySeconds: 1 } } });
    const two = of({ A: { Properties: { DelaySeconds: 1, QueueName: 'a' }, Type: 'AWS::SQS::Queue' } });
    expect(changesBetween(one, two)).toEqual([]);
  });

  it('refuse another type under the same name, as CloudFormation does', () => {
    expect(() => changesBetween(of({ A: bus('a') }), of({ A: rule('a') }))).toThrow(/resource type.*\[A\]/);
  });
});
