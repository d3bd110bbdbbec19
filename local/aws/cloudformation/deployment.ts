import type { Assets } from '../assets/assets.ts';
import type { Buckets } from '../assets/s3.ts';
import { AwsError } from '../http/errors.ts';
import { listIn } from '../http/query.ts';
import { parameterValue } from '../ssm.ts';
import { isObject, type Json, type JsonObject, memberOf, type Template } from '../template.ts';
import { checkReferences } from './references.ts';
import type { Deployment, Tag } from './stack.ts';

/* Reads what a request wants to be deployed. */

const refuse = (message: string): never => {
  throw new AwsError('ValidationError', message);
};

/** @returns the text of `TemplateBody`, or of the object in S3 that `TemplateURL` names */
export function templateBody({ TemplateBody, TemplateURL }: JsonObject, buckets: Buckets): string {
  if (typeof TemplateBody === 'string' && TemplateBody !== '') return TemplateBody;
  if (typeof TemplateURL !== 'string')
    return refuse('Either Template URL or Template Body must be specified.');
  const [, bucket = '', key = ''] =
    /^\/([^/]+)\/(.+)$/.exec(decodeURIComponent(new URL(TemplateURL).pathname)) ?? [];
  return buckets.read(bucket, key).toString();
}

/** @throws AwsError ValidationError for what is no template, or refers to what is not in it */
export function parseTemplate(body: string): Template {
  let template: Json;
  try {
    template = JSON.parse(body);
  } catch {
    return refuse('Template format error: the local CloudFormation reads JSON only');
  }
  if (!isObject(template) || !isObject(template.Resources) || Object.keys(template.Resources).length === 0) {
    return refuse('Template format error: At least one Resources member must be defined.');
  }
  const parsed = template as unknown as Template;
  checkReferences(parsed);
  return parsed;
}

/** The values of the parameters: given, as before, or the default. */
function parameterValues(
  template: Template,
  given: readonly JsonObject[],
  before: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = Object.entries(template.Parameters ?? {}).map(([name, { Default }]) => {
    const own = given.find(({ ParameterKey }) => ParameterKey === name);
    const value =
      own?.UsePreviousValue === 'true' ? memberOf(before, name) : (own?.ParameterValue ?? Default);
    return [name, value === undefined ? refuse(`Parameters: [${name}] must have values`) : String(value)];
  });
  return Object.fromEntries(entries);
}

/** @returns the value itself where the type says that it is to be looked up */
function lookedUp(type: string | undefined, value: string): string {
  if (!type?.startsWith('AWS::SSM::Parameter::Value')) return value;
  return (
    parameterValue(value) ??
    refuse(`Unable to fetch parameters [${value}] from parameter store for this account.`)
  );
}

/**
 * @param before what the stack is made of now
 * @throws AwsError ValidationError
 */
export function readDeployment(
  request: JsonObject,
  before: Deployment | undefined,
  { buckets, assets }: { buckets: Buckets; assets: Assets },
): Deployment {
  const isSame = request.UsePreviousTemplate === 'true' && before !== undefined;
  const body = isSame ? before.body : templateBody(request, buckets);
  const template = parseTemplate(body);
  const parameters = parameterValues(template, listIn(request.Parameters), before?.parameters ?? {});
  const Parameters = Object.fromEntries(
    Object.entries(template.Parameters ?? {}).map(([name, one]) => [
      name,
      { ...one, Default: lookedUp(one.Type, parameters[name] as string) },
    ]),
  );
  const tags = listIn<Tag>(request.Tags);
  return { body, template: { ...template, Parameters }, parameters, tags, assets };
}
