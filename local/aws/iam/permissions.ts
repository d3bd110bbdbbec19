import { AwsError, blaming } from '../errors.ts';
import { accountId, partition } from '../identity.ts';
import type { JsonObject, Resource } from '../template.ts';
import { isAllowed, type Needed, readStatement, type Statement } from './policy.ts';

/** Access key ids that stand for a role. Any other belongs to the person at this machine, who may do everything. */
const rolePrefix = 'ROLE-';

const roleName = (nameOrArn: string) => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);

/** The access key id that whoever runs in a role is given: by it the endpoint knows who asks. */
export const accessKeyOf = (roleNameOrArn: string) => `${rolePrefix}${roleName(roleNameOrArn)}`;

/** `AWS4-HMAC-SHA256 Credential={access key id}/{date}/…` */
export function accessKeyIn(authorization: string | undefined): string | undefined {
  return /Credential=([^/]+)\//.exec(authorization ?? '')?.[1];
}

/** What the roles of the template may do: a permission that is missing here would be missing in AWS. */
export class Permissions {
  #byRole = new Map<string, Statement[]>();

  /** @throws UnsupportedError for a policy that is not understood */
  provision(resources: readonly Resource[]): void {
    const byRole = new Map<string, Statement[]>();
    const add = (role: string, where: string, document: unknown) => {
      const { Statement } = (document ?? {}) as { Statement?: JsonObject | JsonObject[] };
      const statements = blaming(where, () =>
        [Statement ?? []].flat().map((statement) => readStatement(where, statement)),
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
    this.#byRole = byRole;
  }

  /**
   * @param accessKeyId of whoever asks
   * @throws AwsError AccessDeniedException naming the action and the resource
   */
  check(accessKeyId: string | undefined, needed: Needed): void {
    if (!accessKeyId?.startsWith(rolePrefix)) return;
    const role = accessKeyId.slice(rolePrefix.length);
    if (isAllowed(this.#byRole.get(role) ?? [], needed)) return;
    throw new AwsError(
      'AccessDeniedException',
      `User: arn:${partition}:sts::${accountId}:assumed-role/${role} is not authorized to perform: ${needed.action} on resource: ${needed.resource}`,
    );
  }
}
