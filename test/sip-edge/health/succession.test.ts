import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it, onTestFinished } from 'vitest';
import { Succession } from '../../../sip-edge/health/succession.ts';
import { until } from '../../support/until.ts';
import { recordingLog } from '../support/log.ts';

/* An update as ECS and the load balancer tell it to the edge that is to go: the SDK is real, the answers are written. */

const own = '10.20.0.5';
const cluster = 'arn:aws:ecs:eu-west-3:123456789012:cluster/edges';
const groups = ['arn:sip', 'arn:sips'];

/** What AWS says, until it is told otherwise. */
class Aws {
  primary = 'ecs-svc/1';
  readonly healthy = new Map(groups.map((group) => [group, [own]]));
  readonly left: string[] = [];
  readonly asked: object[] = [];

  answer(url: string, target: string, body: string): object | string {
    if (url === '/v4/id/task') {
      const Networks = [{ NetworkMode: 'awsvpc', IPv4Addresses: [own] }];
      return { Cluster: cluster, TaskARN: `${cluster}/id`, Containers: [{ Networks }, { Networks }] };
    }
    if (target.endsWith('.DescribeTasks'))
      return { tasks: [{ group: 'service:zone-1', startedBy: 'ecs-svc/1' }] };
    if (target.endsWith('.DescribeServices')) {
      this.asked.push(JSON.parse(body));
      const older = { id: 'ecs-svc/1', status: 'ACTIVE' };
      return { services: [{ deployments: [older, { id: this.primary, status: 'PRIMARY' }] }] };
    }
    return this.#loadBalancing(new URLSearchParams(body));
  }

  #loadBalancing(form: URLSearchParams): string {
    const group = form.get('TargetGroupArn') ?? '';
    const action = form.get('Action');
    if (action === 'DeregisterTargets') this.left.push(`${form.get('Targets.member.1.Id')} ${group}`);
    const members = (this.healthy.get(group) ?? []).map(
      (id) =>
        `<member><Target><Id>${id}</Id><Port>5060</Port></Target><TargetHealth><State>healthy</State></TargetHealth></member>`,
    );
    return `<${action}Response><${action}Result><TargetHealthDescriptions>${members.join('')}</TargetHealthDescriptions></${action}Result></${action}Response>`;
  }
}

async function watch(aws: Aws) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers['x-amz-target'] ?? '');
    const answer = aws.answer(request.url ?? '', target, Buffer.concat(chunks).toString());
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const options = { endpoint, region: 'eu-west-3', credentials };
  const clock = { ms: 0, now: () => clock.ms };
  const log = recordingLog();
  const order = { isDraining: false };
  const succession = new Succession({
    ecs: new ECSClient(options),
    loadBalancing: new ElasticLoadBalancingV2Client(options),
    metadataUri: `${endpoint}/v4/id`,
    targetGroups: groups,
    intervalMs: 5,
    isDraining: () => order.isDraining,
    clock,
    log,
  });
  onTestFinished(() => {
    succession.stop();
    server.closeAllConnections();
    server.close();
  });
  const said = (event: string) => until(event, () => log.lines.some((line) => line.event === event));
  return { succession, clock, log, order, said };
}

it('an edge is superseded by a newer one that takes its calls in every group, and leaves again and again', async () => {
  const aws = new Aws();
  const { succession, clock, log, said } = await watch(aws);
  aws.primary = 'ecs-svc/2';
  aws.healthy.get('arn:sip')?.push('10.20.0.9');
  // The newer one does not take SIP over TLS yet.
  aws.healthy.get('arn:sips')?.push('10.20.0.5');
  await until('two looks', () => aws.asked.length > 2);
  expect(aws.asked[0]).toEqual({ cluster, services: ['zone-1'] });
  expect([aws.left, log.lines]).toEqual([[], []]);

  aws.healthy.get('arn:sips')?.push('10.20.0.9');
  await said('edge-superseded');
  await until('it left twice', () => aws.left.length >= 4);
  expect(new Set(aws.left)).toEqual(new Set(groups.map((group) => `${own} ${group}`)));
  // The load balancer's nodes may not know it yet: what still comes is taken.
  expect(succession.isOver).toBe(false);
  clock.ms += 60_000;
  expect(succession.isOver).toBe(true);
});

it('an edge takes calls again where the newer one is gone', async () => {
  const aws = new Aws();
  aws.primary = 'ecs-svc/2';
  for (const group of groups) aws.healthy.get(group)?.push('10.20.0.9');
  const { succession, clock, said } = await watch(aws);
  await said('edge-superseded');
  clock.ms += 60_000;
  for (const group of groups) aws.healthy.set(group, []);
  await said('edge-reinstated');
  expect(succession.isOver).toBe(false);
});

it('an edge that an operator drains leaves every group, and is back where that is over', async () => {
  const aws = new Aws();
  const { succession, clock, order, said } = await watch(aws);
  order.isDraining = true;
  await said('edge-leaves');
  await until('it left twice', () => aws.left.length >= 4);
  expect(new Set(aws.left)).toEqual(new Set(groups.map((group) => `${own} ${group}`)));
  expect(succession.isOver).toBe(false);
  clock.ms += 60_000;
  expect(succession.isOver).toBe(true);
  order.isDraining = false;
  await said('edge-reinstated');
  expect(succession.isOver).toBe(false);
  const { length } = aws.left;
  const { length: looks } = aws.asked;
  await until('two more looks', () => aws.asked.length > looks + 2);
  expect(aws.left).toHaveLength(length);
});

it('an edge that is drained takes no calls after a minute also where AWS does not answer', async () => {
  const aws = new Aws();
  aws.answer = () => 'out of order';
  const { succession, clock, order, said } = await watch(aws);
  order.isDraining = true;
  await said('succession-unknown');
  await said('edge-leaves');
  clock.ms += 60_000;
  expect(succession.isOver).toBe(true);
});
