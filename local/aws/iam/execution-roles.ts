import type { TaskDefinition } from '../ecs/task-definition.ts';
import { blaming } from '../http/errors.ts';
import { arn } from '../identity.ts';
import { secretArnIn } from '../secrets.ts';
import type { Resource } from '../template.ts';
import { accessKeyOf, type Permissions } from './permissions.ts';
import type { Needed } from './policy.ts';

/* What AWS does in a role's name before and beside its program: pulls images, writes logs. */

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

function neededByFunction({ ref, properties }: Resource): Needed[] {
  const { LogGroup } = (properties.LoggingConfig ?? {}) as { LogGroup?: string };
  const { Mode } = (properties.TracingConfig ?? {}) as { Mode?: string };
  return [
    ...toLog(LogGroup ?? `/aws/lambda/${ref}`),
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
  for (const resource of resources.filter(({ type }) => type === 'AWS::Lambda::Function')) {
    const { Role } = resource.properties;
    if (Role === undefined) continue;
    blaming(resource.logicalId, () => {
      for (const needed of neededByFunction(resource)) {
        permissions.check(accessKeyOf(String(Role)), needed);
      }
    });
  }
}
