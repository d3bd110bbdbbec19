import { signedHeaders } from '../../../../command-line/sigv4.ts';
import type { ControlPlane } from '../control-plane.ts';
import { type Check, compare, runGateway } from './check.ts';

const reason = 'a check';

/** Does what an operator does, and sees that the bus takes word of it to the fleet. */
async function order(plane: ControlPlane, method: string, target: string, body?: object): Promise<void> {
  const taken: string[][] = [];
  plane.cloud.buses.observe(({ 'detail-type': type }, _bus, takers) => {
    if (type === 'operator.acted') taken.push([...takers]);
  });
  compare(target, await plane.api(target, { method, ...(body && { body }) }), { changed: true });
  if (taken.some((takers) => takers.length > 0)) return;
  throw new Error(`no rule of Switchroom-facts takes operator.acted to ${plane.fleet}`);
}

/** What those who run it do by the API. */
export const operatorChecks: readonly Check[] = [
  {
    name: 'the API takes a signature, a token of its issuer, and nothing else',
    run: async (plane) => {
      const { cloud, troubles } = plane;
      // Asked without API Gateway, the function says itself what it fails of.
      await plane.api('/me');
      const { ApiAddress: address } = cloud.stack.outputs;
      const token = await cloud.tokens.issue('switchroom', { sub: 'x', roles: ['switchroom-viewer'] }, 60);
      const signer = { service: 'execute-api', region: 'us-east-1', credentials: cloud.credentialsOf() };
      const signed = await signedHeaders(signer, 'GET', new URL(`${address}/iam/v1/me`));
      const ways: [path: string, headers: Record<string, string>, status: number][] = [
        ['/iam/v1/me', signed, 200],
        ['/v1/me', { authorization: `Bearer ${token}` }, 200],
        ['/iam/v1/me', {}, 403],
        ['/v1/me', {}, 401],
      ];
      for (const [path, headers, status] of ways) {
        const answer = await fetch(`${address}${path}`, { headers });
        if (answer.status === status) continue;
        throw new Error([`${path} answers ${answer.status}, not ${status}`, ...troubles].join('\n'));
      }
    },
  },
  {
    name: 'an operator drains a gateway',
    run: async (plane) => {
      await plane.clear();
      const taskId = await runGateway(plane);
      const username = `${taskId}.${plane.environment.GATEWAY_NAME}.1`;
      await plane.command('REGISTER_FUNCTION', plane.register(username));
      await plane.settle();
      await order(plane, 'POST', `/gateways/${username}/drain`, { reason });
      await plane.until('the task of the drained gateway is told to stop', () => {
        return plane.cloud.tasks.find(taskId)?.desiredStatus === 'STOPPED';
      });
      await plane.settle();
    },
  },
  {
    name: 'the fleet looks at the pool when an operator has ordered something of it',
    run: async (plane) => {
      await plane.clear();
      const until = new Date(Date.now() + 600_000).toISOString();
      try {
        await order(plane, 'PUT', '/pool/override', { reason, minFree: 1, until });
        const cluster = plane.cloud.stack.outputs.Cluster as string;
        await plane.until(`${plane.fleet} starts a gateway for an order`, () => {
          return plane.cloud.tasks.listTasks({ cluster }).taskArns.length > 0;
        });
      } finally {
        // An order that stands starts gateways for whatever is checked next.
        await order(plane, 'DELETE', `/pool/override?reason=${reason.replace(' ', '+')}`);
      }
      await plane.clear();
    },
  },
];
