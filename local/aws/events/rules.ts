import { UnsupportedError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';
import { compilePattern } from './pattern.ts';
import { periodMs } from './schedule.ts';

/* Rules of EventBridge, as the template has them. */

export interface Target {
  arn: string;
  ruleArn: string;
  /** In which the rule gives it events, where the target's own policy does not let it. */
  roleArn: string;
  input: string | undefined;
  /** It is told the event's `detail` alone (`InputPath`). */
  detailAlone: boolean;
  deadLetterArn: string | undefined;
}

export interface PatternRule {
  logicalId: string;
  busName: string;
  matches: (event: JsonObject) => boolean;
  targets: Target[];
}

export interface Schedule {
  everyMs: number;
  arn: string;
  targets: Target[];
}

const isFunction = (targetArn: string) => targetArn.includes(':lambda:');

export const isQueue = (targetArn: string) => targetArn.includes(':sqs:');

export const isStream = (targetArn: string) => targetArn.includes(':firehose:');

export const isApiDestination = (targetArn: string) => targetArn.includes(':api-destination/');

export const busNameOf = (nameOrArn: string) => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);

const readTargets = ({ logicalId, attributes, properties }: Resource) =>
  ((properties.Targets ?? []) as JsonObject[]).map((target) =>
    readTarget(logicalId, attributes.Arn ?? logicalId, target),
  );

export function readSchedule(rule: Resource): Schedule[] {
  const { ScheduleExpression } = rule.properties;
  if (ScheduleExpression === undefined) return [];
  const everyMs = periodMs(String(ScheduleExpression), rule.logicalId);
  return [{ everyMs, arn: rule.attributes.Arn ?? rule.logicalId, targets: readTargets(rule) }];
}

export function readPatternRule(rule: Resource): PatternRule[] {
  const { EventPattern, EventBusName } = rule.properties;
  if (EventPattern === undefined) return [];
  return [
    {
      logicalId: rule.logicalId,
      busName: busNameOf(String(EventBusName ?? 'default')),
      matches: compilePattern(EventPattern as JsonObject),
      targets: readTargets(rule),
    },
  ];
}

function readTarget(rule: string, ruleArn: string, target: JsonObject): Target {
  const arn = String(target.Arn);
  if (![isFunction, isQueue, isStream, isApiDestination].some((is) => is(arn)))
    throw new UnsupportedError(`${rule}: the local cloud knows no target ${arn}`);
  const { InputPath: path } = target;
  if (target.InputTransformer || (path !== undefined && path !== '$.detail'))
    throw new UnsupportedError(
      `${rule}: the local cloud knows no InputTransformer, and of InputPath $.detail`,
    );
  const deadLetter = target.DeadLetterConfig as { Arn?: string } | undefined;
  return {
    arn,
    ruleArn,
    roleArn: String(target.RoleArn ?? ''),
    input: target.Input as string | undefined,
    detailAlone: path !== undefined,
    deadLetterArn: deadLetter?.Arn,
  };
}
