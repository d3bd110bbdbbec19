import { blaming, UnsupportedError } from './http/errors.ts';
import { accountId, arn, partition, region } from './identity.ts';

/* Reads a synthesized CloudFormation template: what `cdk deploy` would hand to AWS is what runs here. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface RawResource {
  Type: string;
  Properties?: JsonObject;
  Condition?: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string | string[];
  Metadata?: JsonObject;
}

export interface Template {
  Description?: string;
  Resources: Record<string, RawResource>;
  Outputs?: Record<string, { Value: Json; Description?: string }>;
  Parameters?: Record<string, { Type?: string; Default?: Json }>;
}

/** What a resource is called once it exists: the value of `Ref`, and of each `Fn::GetAtt`. */
export interface Identity {
  ref: string;
  attributes: Record<string, string>;
}

/** @param name a property's value, resolved; undefined where the template leaves the name to CloudFormation */
export type IdentityOf = (logicalId: string, property: (name: string) => Json | undefined) => Identity;

export interface Resource extends Identity {
  logicalId: string;
  type: string;
  /** All references resolved. */
  properties: JsonObject;
  /** Whether it stays when its stack goes (DeletionPolicy). */
  retained: boolean;
}

export interface ResolvedStack {
  name: string;
  resources: Resource[];
  outputs: Record<string, string>;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns what the document itself has under this name: `object[name]` also finds what every object of JavaScript has */
export const memberOf = <T>(object: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/**
 * Resolves every reference of a template.
 * @param name the stack's name
 * @param types how resources of each known type are called
 * @param stackId its ARN, where it is known to CloudFormation
 * @throws UnsupportedError naming an unknown resource type, attribute or intrinsic function
 */
export function resolveTemplate(
  name: string,
  template: Template,
  types: ReadonlyMap<string, IdentityOf>,
  stackId = arn('cloudformation', `stack/${name}/local`),
): ResolvedStack {
  const identities = new Map<string, Identity>();

  const pseudoParameters = new Map([
    ['AWS::AccountId', accountId],
    ['AWS::Region', region],
    ['AWS::Partition', partition],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', name],
    ['AWS::StackId', stackId],
  ]);

  function identityOf(logicalId: string): Identity {
    const known = identities.get(logicalId);
    if (known) return known;
    const resource = memberOf(template.Resources, logicalId);
    if (!resource) throw new UnsupportedError(`the template refers to ${logicalId}, which it does not have`);
    const identify = types.get(resource.Type);
    if (!identify) {
      throw new UnsupportedError(
        `the local cloud does not know resource type ${resource.Type} (${logicalId}); teach it in local/aws/resource-types.ts`,
        logicalId,
      );
    }
    const identity = identify(logicalId, (property) => {
      const value = resource.Properties?.[property];
      return value === undefined ? undefined : resolve(value, `${logicalId}.${property}`);
    });
    identities.set(logicalId, identity);
    return identity;
  }

  function ref(target: string): Json {
    const pseudo = pseudoParameters.get(target);
    if (pseudo !== undefined) return pseudo;
    const parameter = memberOf(template.Parameters ?? {}, target);
    if (parameter) {
      if (parameter.Default === undefined) throw new UnsupportedError(`parameter ${target} has no default`);
      return parameter.Default;
    }
    return identityOf(target).ref;
  }

  function getAtt(logicalId: string, attribute: string): string {
    const value = memberOf(identityOf(logicalId).attributes, attribute);
    if (value !== undefined) return value;
    const type = template.Resources[logicalId]?.Type;
    throw new UnsupportedError(
      `the local cloud does not know attribute ${attribute} of ${type} (${logicalId})`,
    );
  }

  const text = (value: Json, where: string): string => {
    const resolved = resolve(value, where);
    if (typeof resolved === 'object') throw new UnsupportedError(`${where}: expected text`);
    return String(resolved);
  };

  function substitute(argument: Json, where: string): string {
    const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
    if (typeof pattern !== 'string' || !isObject(variables))
      throw new UnsupportedError(`${where}: odd Fn::Sub`);
    return pattern.replace(/\$\{(!?)([^}]*)\}/g, (_match, literal: string, key: string) => {
      if (literal) return `\${${key}}`;
      const variable = memberOf(variables, key);
      if (variable !== undefined) return text(variable, where);
      const dot = key.indexOf('.');
      return dot < 0 ? String(ref(key)) : getAtt(key.slice(0, dot), key.slice(dot + 1));
    });
  }

  const intrinsics = new Map(
    Object.entries<(argument: Json, where: string) => Json>({
      Ref: (argument) => ref(String(argument)),
      'Fn::GetAtt': (argument) => {
        const [logicalId, ...attribute] = Array.isArray(argument)
          ? argument.map(String)
          : String(argument).split('.');
        return getAtt(logicalId ?? '', attribute.join('.'));
      },
      'Fn::Join': (argument, where) => {
        const [separator, parts] = argument as [string, Json];
        const list = resolve(parts, where);
        if (!Array.isArray(list)) throw new UnsupportedError(`${where}: Fn::Join of no list`);
        return list.map((part) => text(part, where)).join(separator);
      },
      'Fn::Split': (argument, where) => {
        const [separator, source] = argument as [string, Json];
        return text(source, where).split(separator);
      },
      'Fn::Select': (argument, where) => {
        const [index, source] = argument as [string | number, Json];
        const list = resolve(source, where);
        const chosen = Array.isArray(list) ? list[Number(index)] : undefined;
        if (chosen === undefined) throw new UnsupportedError(`${where}: Fn::Select ${index} of nothing`);
        return chosen;
      },
      'Fn::Sub': substitute,
      // As many zones as a region has at least three of.
      'Fn::GetAZs': () => ['a', 'b', 'c'].map((zone) => `${region}${zone}`),
      'Fn::Base64': (argument, where) => Buffer.from(text(argument, where)).toString('base64'),
    }),
  );

  function resolve(value: Json, where: string): Json {
    if (Array.isArray(value)) return value.map((item, index) => resolve(item, `${where}[${index}]`));
    if (!isObject(value)) return value;
    const keys = Object.keys(value);
    const only = keys.length === 1 ? keys[0] : undefined;
    if (only === 'Ref' || only?.startsWith('Fn::')) {
      const intrinsic = intrinsics.get(only);
      if (!intrinsic) throw new UnsupportedError(`${where}: the local cloud does not know ${only}`);
      return intrinsic(value[only] as Json, where);
    }
    return Object.fromEntries(keys.map((key) => [key, resolve(value[key] as Json, `${where}.${key}`)]));
  }

  function resource(logicalId: string, raw: RawResource): Resource {
    const identity = identityOf(logicalId);
    if (raw.Condition) throw new UnsupportedError(`${logicalId}: the local cloud does not know conditions`);
    return {
      logicalId,
      type: raw.Type,
      ...identity,
      properties: resolve(raw.Properties ?? {}, logicalId) as JsonObject,
      retained: raw.DeletionPolicy?.startsWith('Retain') ?? false,
    };
  }

  const resources = Object.entries(template.Resources).map(([logicalId, raw]) =>
    blaming(logicalId, () => resource(logicalId, raw)),
  );
  const outputs = Object.fromEntries(
    Object.entries(template.Outputs ?? {}).map(([key, { Value }]) => [key, text(Value, `Outputs.${key}`)]),
  );
  return { name, resources, outputs };
}
