import { describe, expect, it } from 'vitest';
import { fleetEventSchema } from '../../../lambdas/functions/fleet/input.ts';
import { fromApi, type TaskSeen } from '../../../lambdas/runtime/ecs-gateways.ts';

/* Tasks as ECS tells of them ("Amazon ECS task state change events"; aws/containers-roadmap#1515). */

const container = {
  containerArn: 'arn:aws:ecs:us-east-1:111122223333:container/cf159fd6-3e3f-4a9e-84f9-66cbe726af01',
  lastStatus: 'RUNNING',
  name: 'gateway',
  networkInterfaces: [{ attachmentId: '1789bcae', privateIpv4Address: '192.0.2.4' }],
  cpu: '0',
};
const fargate = {
  availabilityZone: 'us-east-1b',
  clusterArn: 'arn:aws:ecs:us-east-1:111122223333:cluster/gateways',
  containers: [container],
  connectivityAt: '2020-01-23T17:57:41.229Z',
  createdAt: '2020-01-23T17:57:34.402Z',
  desiredStatus: 'RUNNING',
  launchType: 'FARGATE',
  lastStatus: 'RUNNING',
  pullStartedAt: '2020-01-23T17:57:52.103Z',
  pullStoppedAt: '2020-01-23T17:57:55.103Z',
  startedAt: '2020-01-23T17:57:58.103Z',
  startedBy: 'switchroom-0123456789abcdef',
  taskArn: 'arn:aws:ecs:us-east-1:111122223333:task/gateways/c13b4cb40f1f4fe4a2971f76ae5a47ad',
  version: 4,
};
const ec2 = {
  ...fargate,
  launchType: 'EC2',
  taskArn: 'arn:aws:ecs:us-east-1:111122223333:task/c13b4cb40f1f4fe4a2971f76ae5a47ad',
  containers: [{ ...container, networkInterfaces: [] }],
};

/** @returns the task of an event as the fleet reads it */
function taskIn(detail: object) {
  const event = { version: '0', source: 'aws.ecs', 'detail-type': 'ECS Task State Change', detail };
  return fromApi((fleetEventSchema.parse(event) as { detail: TaskSeen }).detail);
}

describe('the event of a task', () => {
  it.each([
    ['on Fargate', fargate],
    ['on an instance, by its old ARN', ec2],
    ['in China', { ...fargate, taskArn: fargate.taskArn.replace('arn:aws:', 'arn:aws-cn:') }],
    ['with times to the nanosecond', { ...fargate, createdAt: '2020-01-23T17:57:34.402123456Z' }],
    ['with times of an offset', { ...fargate, createdAt: '2020-01-23T17:57:34.402+00:00' }],
  ])('%s names it, and its times', (_what, detail) => {
    expect(taskIn(detail)).toMatchObject({
      taskId: 'c13b4cb40f1f4fe4a2971f76ae5a47ad',
      startId: '0123456789abcdef',
      lastStatus: 'RUNNING',
      createdAt: Date.parse('2020-01-23T17:57:34.402Z'),
    });
  });

  it('tells where the task runs, once each address, where it has a network of its own', () => {
    expect(taskIn({ ...fargate, containers: [container, container] }).addresses).toEqual(['192.0.2.4']);
    expect(taskIn(ec2)).not.toHaveProperty('addresses');
    expect(taskIn({ ...fargate, containers: [] })).not.toHaveProperty('addresses');
  });

  it('tells why it ended, also before anything of it ran', () => {
    const { startedAt: _none, ...unstarted } = fargate;
    const failed = {
      ...unstarted,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: '',
      stoppedAt: '2020-01-23T18:02:30Z',
      containers: [{ lastStatus: 'STOPPED', reason: 'CannotPullContainerError' }],
    };
    expect(taskIn(failed)).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: '' });
    const killed = { ...failed, containers: [{ ...container, exitCode: 137 }] };
    expect(taskIn(killed)).toMatchObject({ exitCode: 137 });
  });
});
