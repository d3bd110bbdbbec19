import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Template } from '../../scripts/cost/template.ts';
import { deployments, sipmediagw, synthesize } from './synth.ts';

/* What the user data of an instance does, run by the real bash, iptables and curl in namespaces of this machine. */

const fixtures = resolve(import.meta.dirname, 'fixtures');
const devices = ['video0', 'snd/controlC0', 'snd/controlC1'];

function mayPlay(): boolean {
  const tried = spawnSync('unshare', ['--net', '--mount', '--cgroup', 'iptables', '-S', 'OUTPUT']);
  if (tried.status === 0) return true;
  const text = 'no instance is played: that takes root, namespaces, cgroups and iptables';
  if (process.env.CI) throw new Error(text);
  console.warn(`skipped: ${text}`);
  return false;
}

/** As CloudFormation resolves it, with a cluster's name. */
function userData(settings: Record<string, unknown>): string {
  const [launch] = Object.values(synthesize(settings).findResources('AWS::EC2::LaunchTemplate'));
  const parts: unknown[] = launch?.Properties.LaunchTemplateData.UserData['Fn::Base64']['Fn::Join'][1] ?? [];
  return parts.map((part) => (typeof part === 'string' ? part : 'the-cluster')).join('');
}

/** @returns the lines that fixtures/instance.sh prints */
function play(settings: Record<string, unknown>, present: readonly string[] = devices): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-instance-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const script = join(dir, 'user-data');
  writeFileSync(script, userData(settings));
  const metadata = `${process.execPath} ${join(fixtures, 'metadata.mjs')}`;
  const args = [
    '--net',
    '--mount',
    join(fixtures, 'instance.sh'),
    join(dir, 'scene'),
    script,
    metadata,
    ...present,
  ];
  const { stdout, stderr, status } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 60_000 });
  expect(status, stderr).toBe(0);
  return stdout.trim().split('\n');
}

const task = 'ecstasks.slice/ecstasks-1.slice';
const ready = 'config ECS_INSTANCE_ATTRIBUTES={"switchroom.ready":"true"}';

describe.skipIf(!mayPlay())('an instance that starts, and starts again', () => {
  it('has its devices and its address, keeps tasks from the metadata, and then says so to ECS', () => {
    const said = play(sipmediagw);
    expect(said).toContain('modprobe snd-aloop enable=1,1 index=0,1');
    expect(said).toContain('modprobe v4l2loopback exclusive_caps=1 video_nr=0');
    expect(said).toContain('before the agent');
    expect(said.filter((one) => one.includes(' gets '))).toEqual([
      `${task} gets 404`,
      'system.slice/switchroom-host.service gets 404',
      `${task} gets 000`,
    ]);
    expect(said).toContain('address 198.51.100.7');
    expect(said).toContain('rules 1');
    expect(said.filter((one) => one === ready)).toHaveLength(1);
    expect(said).toContain('config ECS_CLUSTER=the-cluster');
    expect(said).toContain('config ECS_WARM_POOLS_CHECK=true');
    expect(said).toContain('config ECS_ENABLE_TASK_CPU_MEM_LIMIT=true');
  });

  it('needs no public address where callers are told the private one', () => {
    const said = play({ ...sipmediagw, mediaAddress: 'private' });
    expect(said).toContain('address ');
    expect(said).toContain(ready);
  });

  it('is given no task where a device is missing, and goes on running', () => {
    const said = play(sipmediagw, ['video0', 'snd/controlC0']);
    expect(said).toContain('the unit failed');
    expect(said).not.toContain(ready);
    expect(said).toContain('config ECS_CLUSTER=the-cluster');
  });
});

describe('tasks', () => {
  it('are placed on instances alone that say so', () => {
    synthesize(sipmediagw).hasResourceProperties('AWS::ECS::TaskDefinition', {
      PlacementConstraints: [{ Type: 'memberOf', Expression: 'attribute:switchroom.ready == true' }],
    });
  });
});

describe('the group of instances', () => {
  const { Resources } = synthesize(deployments.sipmediagw).toJSON() as Template;
  const ofType = (type: string) => Object.entries(Resources).find(([, { Type }]) => Type === type);

  it('keeps as many stopped as it is told, whatever is in service', () => {
    expect(ofType('AWS::AutoScaling::WarmPool')?.[1].Properties).toMatchObject({
      MinSize: 3,
      MaxGroupPreparedCapacity: 3,
      PoolState: 'Stopped',
    });
    expect(Object.keys(synthesize(sipmediagw).findResources('AWS::AutoScaling::WarmPool'))).toEqual([]);
  });

  it('is deleted with its instances before CloudFormation would wait for those that are protected', () => {
    const deletion = ofType('Custom::AWS')?.[1] as Template['Resources'][string] & { DependsOn: string[] };
    expect(JSON.stringify(deletion.Properties?.Delete)).toContain('ForceDelete');
    // What depends is deleted first.
    expect(deletion.DependsOn).toContain(ofType('AWS::ECS::CapacityProvider')?.[0]);
  });
});
