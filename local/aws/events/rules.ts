import { UnsupportedError } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';
import { compilePattern } from './pattern.ts';
import { periodMs } from './schedule.ts';

/* Rules of EventBridge, as the template has them. */

export interface Target {
  arn: string;
  ruleArn: string;
  input: string | undefined;
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

export const isQueue = (targetArn: string) => targetArn.includes(':sqs:');

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
  if (!arn.includes(':lambda:') && !isQueue(arn))
    throw new UnsupportedError(`${rule}: the local cloud knows no target ${arn}`);
  for (const transformation of ['InputTransformer', 'InputPath']) {
    if (target[transformation])
      throw new UnsupportedError(`${rule}: the local cloud knows no ${transformation}`);
  }
  const deadLetter = target.DeadLetterConfig as { Arn?: string } | undefined;
  return { arn, ruleArn, input: target.Input as string | undefined, deadLetterArn: deadLetter?.Arn };
}
