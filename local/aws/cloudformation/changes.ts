import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../http/errors.ts';
import { type Json, memberOf, type RawResource, type Template } from '../template.ts';
import { type Reference, referencesIn } from './references.ts';
import { replaces } from './replacement.ts';

/* What a change set says: how one template differs from another, resource by resource. */

type Attribute = 'Properties' | 'Tags' | 'Metadata' | 'DeletionPolicy' | 'UpdateReplacePolicy';

export interface ChangeDetail {
  attribute: Attribute;
  /** Of the property, where the attribute is `Properties`. */
  name?: string;
  requiresRecreation: 'Always' | 'Conditionally' | 'Never';
  /** What is replaced or given another value, where it is not the property itself that was written anew. */
  causedBy?: Reference;
}

export interface ResourceChange {
  action: 'Add' | 'Modify' | 'Remove';
  logicalId: string;
  type: string;
  /** For `Modify`: whether another resource takes its place. */
  replacement?: 'True' | 'False' | 'Conditional';
  details: ChangeDetail[];
}

export const emptyTemplate: Template = { Resources: {} };

/**
 * @returns the changes in the order of the new template, what is removed last
 * @throws AwsError ValidationError where a resource would change its type
 */
export function changesBetween(before: Template, after: Template): ResourceChange[] {
  checkTypes(before, after);
  const details = new Map<string, ChangeDetail[]>();
  for (const [logicalId, resource] of Object.entries(after.Resources)) {
    const old = memberOf(before.Resources, logicalId);
    if (old) details.set(logicalId, directChanges(old, resource));
  }
  followReferences(before, after, details);

  const made = Object.entries(after.Resources).flatMap(([logicalId, { Type: type }]): ResourceChange[] => {
    const own = details.get(logicalId);
    if (!own) return [{ action: 'Add', logicalId, type, details: [] }];
    if (own.length === 0) return [];
    return [{ action: 'Modify', logicalId, type, replacement: replacementBy(own), details: own }];
  });
  const removed = Object.entries(before.Resources)
    .filter(([logicalId]) => !(logicalId in after.Resources))
    .map(
      ([logicalId, { Type: type }]): ResourceChange => ({ action: 'Remove', logicalId, type, details: [] }),
    );
  return [...made, ...removed];
}

function checkTypes(before: Template, after: Template): void {
  const changed = Object.keys(after.Resources).filter((id) => {
    const old = memberOf(before.Resources, id);
    return old && old.Type !== after.Resources[id]?.Type;
  });
  if (changed.length === 0) return;
  throw new AwsError(
    'ValidationError',
    `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${changed.join(', ')}]`,
  );
}

function directChanges(before: RawResource, after: RawResource): ChangeDetail[] {
  const properties = new Set([before, after].flatMap(({ Properties }) => Object.keys(Properties ?? {})));
  const inProperties = [...properties]
    .filter((name) => !isDeepStrictEqual(before.Properties?.[name], after.Properties?.[name]))
    .map((name): ChangeDetail => {
      const requiresRecreation = replaces(after.Type, name) ? 'Always' : 'Never';
      return name === 'Tags'
        ? { attribute: 'Tags', requiresRecreation }
        : { attribute: 'Properties', name, requiresRecreation };
    });
  const attributes = (['Metadata', 'DeletionPolicy', 'UpdateReplacePolicy'] as const)
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((attribute): ChangeDetail => ({ attribute, requiresRecreation: 'Never' }));
  return [...inProperties, ...attributes];
}

function replacementBy(details: readonly ChangeDetail[]): 'True' | 'False' | 'Conditional' {
  if (details.some(({ requiresRecreation }) => requiresRecreation === 'Always')) return 'True';
  return details.some(({ requiresRecreation }) => requiresRecreation === 'Conditionally')
    ? 'Conditional'
    : 'False';
}

/** Adds what changes because something it refers to is replaced, or because a parameter has another value. */
function followReferences(before: Template, after: Template, details: Map<string, ChangeDetail[]>): void {
  const changed = changedParameters(before, after);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [logicalId, own] of details) {
      if (own.length > 0 && replacementBy(own) !== 'False') changed.add(logicalId);
    }
    for (const [logicalId, own] of details) {
      const { Type, Properties } = after.Resources[logicalId] as RawResource;
      for (const [name, value] of Object.entries(Properties ?? {})) {
        if (own.some((detail) => detail.name === name)) continue;
        const causedBy = referencesIn(value as Json).find((one) => changed.has(one.logicalId));
        if (!causedBy || causedBy.logicalId === logicalId) continue;
        const requiresRecreation = replaces(Type, name) ? 'Conditionally' : 'Never';
        own.push({ attribute: 'Properties', name, requiresRecreation, causedBy });
        grown = true;
      }
    }
  }
}

function changedParameters(before: Template, after: Template): Set<string> {
  return new Set(
    Object.entries(after.Parameters ?? {})
      .filter(([name, { Default }]) => {
        const old = memberOf(before.Parameters ?? {}, name);
        return old !== undefined && !isDeepStrictEqual(old.Default, Default);
      })
      .map(([name]) => name),
  );
}
