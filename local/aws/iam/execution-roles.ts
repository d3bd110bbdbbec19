import type { TaskDefinition } from '../ecs/task-definition.ts';
import { blaming } from '../http/errors.ts';
import { arn } from '../identity.ts';
import { secretArnIn } from '../secrets.ts';
import type { JsonObject, Resource } from '../template.ts';
import { neededToSend } from './needed.ts';
import { accessKeyOf, type Permissions } from './permissions.ts';
import type { Needed } from './policy.ts';

/* What AWS does in a role's name before and beside its program: pulls images, writes logs, hands failures on. */

const toLog = (logGroup: string): Needed[] =>
  ['logs:CreateLogStream', 'logs:PutLogEvents'].map((action) => ({
    action,
    resource: arn('logs', `log-group:${logGroup}:log-stream:local`),
  }));

/** An image of the account's own registry: `{account}.dkr.ecr.{region}.{suffix}/{repository}:{tag}`. */
const ownImage = /^\d+\.dkr\.ecr\.[^/]+\/([^:@]+)/;

/** What ECS needs of a task's execution role to start it ("Amazon ECS task execution IAM role"). */
export function neededToStartTask({ containers }: TaskDefinition): Needed[] {
  return containers.flatMap(({ image, secrets, logGroup }) => {
    const repository = ownImage.exec(image)?.[1];
    const pulls = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
    return [
      ...(repository === undefined
        ? []
        : [
            { action: 'ecr:GetAuthorizationToken', resource: '*' },
            ...pulls.map((action) => ({ action, resource: arn('ecr', `repository/${repository}`) })),
          ]),
      ...(logGroup === undefined ? [] : toLog(logGroup)),
      ...Object.values(secrets).map((from) => ({
        action: 'secretsmanager:GetSecretValue',
        resource: secretArnIn(from),
      })),
    ];
  });
}

/** @param config the function's `AWS::Lambda::EventInvokeConfig` */
function neededByFunction({ ref, properties }: Resource, config: Resource | undefined): Needed[] {
  const { LogGroup } = (properties.LoggingConfig ?? {}) as { LogGroup?: string };
  const { Mode } = (properties.TracingConfig ?? {}) as { Mode?: string };
  const { OnFailure } = (config?.properties.DestinationConfig ?? {}) as { OnFailure?: JsonObject };
  return [
    ...toLog(LogGroup ?? `/aws/lambda/${ref}`),
    ...(OnFailure ? [neededToSend(String(OnFailure.Destination))] : []),
    ...(Mode === 'Active'
      ? ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'].map((action) => ({ action, resource: '*' }))
      : []),
  ];
}

/**
 * Checks what Lambda needs of the functions' roles. AWS refuses to make a function whose role lacks it, or, where it is
 * the log, runs it without one: here both stop the start.
 * @throws UnsupportedError naming role, action and resource
 */
export function authorizeFunctions(resources: readonly Resource[], permissions: Permissions): void {
  const ofType = (wanted: string) => resources.filter(({ type }) => type === wanted);
  const configs = ofType('AWS::Lambda::EventInvokeConfig');
  for (const resource of ofType('AWS::Lambda::Function')) {
    const { Role } = resource.properties;
    if (Role === undefined) continue;
    const config = configs.find(({ properties }) => properties.FunctionName === resource.ref);
    blaming(resource.logicalId, () => {
      for (const needed of neededByFunction(resource, config)) {
        permissions.check(accessKeyOf(String(Role)), needed);
      }
    });
  }
}
