import { parameters } from './assets/bootstrap.ts';
import { AwsError } from './http/errors.ts';
import { arn } from './identity.ts';
import type { JsonObject } from './template.ts';

/** @returns the value of a parameter in the Parameter Store, or undefined */
export const parameterValue = (name: string): string | undefined => parameters.get(name);

const describe = (name: string, value: string): JsonObject => ({
  Name: name,
  Type: 'String',
  Value: value,
  Version: 1,
  ARN: arn('ssm', `parameter${name}`),
});

/** @throws AwsError ParameterNotFound */
export function getParameter({ Name }: JsonObject): JsonObject {
  const name = String(Name);
  const value = parameterValue(name);
  if (value === undefined) throw new AwsError('ParameterNotFound', `${name} is not in the Parameter Store`);
  return { Parameter: describe(name, value) };
}
