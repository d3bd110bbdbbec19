import { AwsError } from '../http/errors.ts';
import { isObject, type Json, type Template } from '../template.ts';

/** What a value of a template refers to. */
export interface Reference {
  /** Of a resource, or of a parameter. */
  logicalId: string;
  attribute?: string;
}

const isPseudo = (name: string) => name.startsWith('AWS::');

function reference(path: string): Reference {
  const dot = path.indexOf('.');
  return dot < 0 ? { logicalId: path } : { logicalId: path.slice(0, dot), attribute: path.slice(dot + 1) };
}

function referencesOfSub(argument: Json): Reference[] {
  const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const own = isObject(variables) ? Object.keys(variables) : [];
  const names = [...String(pattern).matchAll(/\$\{([^!}][^}]*)\}/g)].map(([, name]) => name as string);
  return [
    ...names.filter((name) => !own.includes(name)).map(reference),
    ...(variables === undefined ? [] : referencesIn(variables)),
  ];
}

/** @returns every Ref, Fn::GetAtt and Fn::Sub in a value, pseudo parameters left out */
export function referencesIn(value: Json): Reference[] {
  return allIn(value).filter(({ logicalId }) => !isPseudo(logicalId));
}

function allIn(value: Json): Reference[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [{ logicalId: String(inner) }];
    if (key === 'Fn::GetAtt') return [reference(Array.isArray(inner) ? inner.join('.') : String(inner))];
    if (key === 'Fn::Sub') return referencesOfSub(inner);
    return referencesIn(inner);
  });
}

function unresolved(template: Template, value: Json): string[] {
  return referencesIn(value)
    .map(({ logicalId }) => logicalId)
    .filter((id) => !(id in template.Resources) && !(id in (template.Parameters ?? {})));
}

/** @throws AwsError ValidationError naming what a template refers to and does not have, as CloudFormation says it */
export function checkReferences(template: Template): void {
  const inResources = Object.values(template.Resources).flatMap(({ Properties, DependsOn }) => [
    ...unresolved(template, Properties ?? {}),
    ...[DependsOn ?? []].flat().filter((id) => !(id in template.Resources)),
  ]);
  if (inResources.length > 0) {
    const names = [...new Set(inResources)].join(', ');
    throw new AwsError(
      'ValidationError',
      `Template format error: Unresolved resource dependencies [${names}] in the Resources block of the template`,
    );
  }
  for (const [name, { Value }] of Object.entries(template.Outputs ?? {})) {
    const [first] = unresolved(template, Value);
    if (first === undefined) continue;
    throw new AwsError(
      'ValidationError',
      `Template format error: Output ${name} is malformed, since ${first} is not in the template`,
    );
  }
}
