import { blaming } from '../http/errors.ts';
import type { JsonObject, Resource } from '../template.ts';
import { readStatement, type Statement } from './policy.ts';

/** The statements of a policy document, which may be one or a list. */
export function statementsIn(document: unknown): JsonObject[] {
  const { Statement } = (document ?? {}) as { Statement?: JsonObject | JsonObject[] };
  return [Statement ?? []].flat();
}

/**
 * What each role of the stack may do, by its name: its inline policies, and the policies that name it.
 * @throws UnsupportedError for a policy that is not understood
 */
export function readRolePolicies(resources: readonly Resource[]): Map<string, Statement[]> {
  const byRole = new Map<string, Statement[]>();
  const add = (role: string, where: string, document: unknown) => {
    const statements = blaming(where, () =>
      statementsIn(document).map((statement) => readStatement(where, statement)),
    );
    byRole.set(role, [...(byRole.get(role) ?? []), ...statements]);
  };
  for (const { type, ref, properties, logicalId } of resources) {
    if (type === 'AWS::IAM::Role') {
      for (const inline of (properties.Policies ?? []) as JsonObject[]) {
        add(ref, logicalId, inline.PolicyDocument);
      }
    }
    if (type === 'AWS::IAM::Policy') {
      for (const role of (properties.Roles ?? []) as string[])
        add(role, logicalId, properties.PolicyDocument);
    }
  }
  return byRole;
}
