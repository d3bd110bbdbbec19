import { AwsError } from '../http/errors.ts';
import { accountId, partition } from '../identity.ts';
import type { JsonObject, Resource } from '../template.ts';
import { isAllowed, type Needed, type Statement } from './policy.ts';
import { readResourcePolicies } from './resource-policies.ts';
import { readRolePolicies } from './role-policies.ts';

/** Access key ids that stand for a role. Any other belongs to the person at this machine, who may do everything. */
const rolePrefix = 'ROLE-';

/** The access key id of that person. */
export const personKey = 'local';

const roleName = (nameOrArn: string) => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);

/** The access key id that whoever runs in a role is given: by it the endpoint knows who asks. */
export const accessKeyOf = (roleNameOrArn: string) => `${rolePrefix}${roleName(roleNameOrArn)}`;

/** Requests come by TLS in AWS, whatever they come by here. */
const always = { 'aws:SecureTransport': 'true' };
/** Far more than a template asks for; a bound all the same. */
const maxRemembered = 10_000;

/** What the template lets whom do: a permission that is missing here would be missing in AWS. */
export class Permissions {
  #byRole: ReadonlyMap<string, readonly Statement[]> = new Map();
  #byResource: ReadonlyMap<string, readonly Statement[]> = new Map();
  readonly #observers = new Set<(denial: string) => void>();
  /** What was allowed once and depends on nothing but who asks for what: the hot path of the table. */
  readonly #allowed = new Set<string>();
  /** Its only element rises with each change: who has remembered what is allowed, in any thread, forgets it then. */
  readonly since = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /**
   * Takes the policies of the stacks in the place of those before.
   * @throws UnsupportedError for a policy that is not understood
   */
  provision(resources: readonly Resource[]): void {
    const byResource = readResourcePolicies(resources);
    this.#byRole = readRolePolicies(resources);
    this.#byResource = byResource;
    this.forget();
  }

  /** Each request is looked at anew once. */
  forget(): void {
    this.#allowed.clear();
    Atomics.add(this.since, 0, 1);
  }

  /** Tells of everything that is refused. */
  observe(observer: (denial: string) => void): void {
    this.#observers.add(observer);
  }

  /**
   * @param accessKeyId of whoever asks
   * @throws AwsError AccessDeniedException naming the role, the action and the resource
   */
  check(accessKeyId: string | undefined, needed: Needed): void {
    if (!accessKeyId?.startsWith(rolePrefix)) return;
    const key = needed.context ? undefined : `${accessKeyId} ${needed.action} ${needed.resource}`;
    if (key !== undefined && this.#allowed.has(key)) return;
    const role = accessKeyId.slice(rolePrefix.length);
    const statements = [...(this.#byRole.get(role) ?? []), ...this.#ofResource(needed)];
    if (!isAllowed(statements, withContext(needed))) {
      this.#refuse(`User: arn:${partition}:sts::${accountId}:assumed-role/${role}`, needed);
    }
    if (key !== undefined && this.#allowed.size < maxRemembered) this.#allowed.add(key);
  }

  /**
   * For what an AWS service does by itself: only the resource's own policy can allow it.
   * @param service e.g. `events.amazonaws.com`
   * @param sourceArn for whom it does it, e.g. a rule
   * @throws AwsError AccessDeniedException naming service, source, action and resource
   */
  checkService(service: string, sourceArn: string, needed: Needed): void {
    const asked = withContext(needed, { 'aws:SourceArn': sourceArn });
    if (isAllowed(this.#ofResource(needed), asked, service)) return;
    this.#refuse(`Service: ${service} for ${sourceArn}`, needed);
  }

  #ofResource({ resource }: Needed): readonly Statement[] {
    return this.#byResource.get(resource) ?? [];
  }

  #refuse(who: string, { action, resource, context }: Needed): never {
    const under = context
      ? ` with ${Object.entries(context)
          .map((pair) => pair.join('='))
          .join(', ')}`
      : '';
    const message = `${who} is not authorized to perform: ${action} on resource: ${resource}${under}`;
    for (const observer of this.#observers) observer(message);
    throw new AwsError('AccessDeniedException', message);
  }
}

function withContext(needed: Needed, more: JsonObject = {}): Needed {
  return { ...needed, context: { ...always, ...needed.context, ...(more as Record<string, string>) } };
}
