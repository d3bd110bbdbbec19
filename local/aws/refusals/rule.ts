import type { Json, JsonObject, Resource } from '../template.ts';

/** What AWS refuses at a deployment, though the template is well-formed. */
export interface Rule {
  /** Where it is said: a page of the documentation, or a thread of who met it. */
  source: string;
  /** @returns what is wrong with resources of this stack; nothing where AWS takes them */
  refuse: (resources: readonly Resource[]) => readonly Refusal[];
}

export interface Refusal {
  logicalId: string;
  /** As near as known to AWS's own words. */
  says: string;
}

export const ofType = (resources: readonly Resource[], ...types: readonly string[]) =>
  resources.filter(({ type }) => types.includes(type));

export const listIn = <T = JsonObject>(value: Json | undefined) => (value ?? []) as T[];

/**
 * A rule on each resource of some types alone.
 * @param says what is wrong with it; undefined where nothing is
 */
export const onEach =
  (types: readonly string[], says: (resource: Resource) => string | undefined) =>
  (resources: readonly Resource[]): Refusal[] =>
    ofType(resources, ...types).flatMap((resource) => {
      const wrong = says(resource);
      return wrong === undefined ? [] : [{ logicalId: resource.logicalId, says: wrong }];
    });

/** @returns what is wrong with a number that the properties may hold */
export function outside(
  properties: JsonObject,
  name: string,
  [least, most]: readonly [number, number],
): string | undefined {
  const value = properties[name];
  if (value === undefined || (Number(value) >= least && Number(value) <= most)) return undefined;
  return `${name} must be between ${least} and ${most}, not ${value}`;
}

/** The containers of a task definition. */
export const containersOf = ({ properties }: Resource) => listIn(properties.ContainerDefinitions);

export const isFargate = ({ properties }: Resource) =>
  listIn<string>(properties.RequiresCompatibilities).includes('FARGATE');
