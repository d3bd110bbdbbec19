import { randomUUID } from 'node:crypto';
import type { Settings } from '../../../../infra/settings.ts';
import { poolKey } from '../../../../lambdas/store/keys.ts';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';
import type { ControlPlane } from '../control-plane.ts';

export interface Check {
  name: string;
  run: (plane: ControlPlane, settings: Settings) => Promise<void>;
}

/** @throws where a variable is not what the settings make it */
export function compare(where: string, seen: Record<string, unknown>, wanted: Record<string, unknown>): void {
  for (const [variable, value] of Object.entries(wanted)) {
    const found = seen[variable];
    if (JSON.stringify(found) === JSON.stringify(value)) continue;
    throw new Error(`${where}: ${variable} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
  }
}

export const answered = (call: string, gateway: string) =>
  ({
    type: 'call.answered',
    callId: call,
    gateway,
    receivedAt: Date.now(),
    callerDialogId: `${call};from-tag=a`,
    gatewayDialogId: `${call};from-tag=b`,
  }) as const;

/** A gateway that somebody starts, and not the fleet. */
export async function runGateway({ cloud }: ControlPlane): Promise<string> {
  const { Cluster, GatewayTaskDefinition } = cloud.stack.outputs;
  const { tasks } = cloud.tasks.runTask({
    cluster: Cluster as string,
    taskDefinition: GatewayTaskDefinition as string,
    networkConfiguration: { awsvpcConfiguration: { subnets: ['any'] } },
  });
  const id = String(tasks[0]?.taskArn).split('/').at(-1) ?? '';
  const task = cloud.tasks.find(id);
  if (task?.lastStatus !== 'RUNNING') {
    throw new Error(`${GatewayTaskDefinition} does not start: ${task?.stoppedReason}`);
  }
  return id;
}

/** A call that is answered. */
export async function upCall(
  plane: ControlPlane,
  edgeId = plane.edgeId,
): Promise<{ call: string; gateway: string; taskId: string }> {
  await plane.clear();
  const taskId = await runGateway(plane);
  const call = `call-${randomUUID()}`;
  const gateway = `${taskId}.${plane.environment.GATEWAY_NAME}.1`;
  await plane.command('REGISTER_FUNCTION', plane.register(gateway));
  const answer = await plane.command<{ username?: string }>(
    'ALLOCATE_FUNCTION',
    plane.allocate(call, { edgeId }),
  );
  compare('allocate', answer, { username: gateway });
  await plane.tell(answered(call, gateway), { edgeId });
  await plane.until(`${call} is answered`, async () => (await plane.callState(call)) === 'answered');
  return { call, gateway, taskId };
}

/** Says of the pool what the fleet would: that waiting is of use. @param more of the item */
export async function sayPoolMayGrow({ cloud, table }: ControlPlane, more: JsonObject = {}): Promise<void> {
  const now = Date.now();
  const Item = {
    pk: { S: poolKey },
    mayGrow: { BOOL: true },
    startsFailing: { BOOL: false },
    starting: { N: '0' },
    managed: { N: '0' },
    maximum: { N: '9' },
    updatedAt: { N: String(now) },
    expiresAt: { N: String(Math.ceil(now / 1000) + 600) },
    ...more,
  };
  await callDynamoDb(cloud.dynamoDbEndpoint, 'PutItem', { TableName: table.ref, Item });
}
