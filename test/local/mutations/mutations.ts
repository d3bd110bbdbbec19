import { statementsIn } from '../../../local/aws/iam/role-policies.ts';
import type { Json, JsonObject, Template } from '../../../local/aws/template.ts';

/* Faults of a template, one at a time: what somebody may forget or mistype in infra/. */

export interface Mutation {
  /** What is gone or changed, for people. */
  name: string;
  template: Template;
  /** What the failure must name. */
  names: readonly string[];
  /** What a check that shall notice it makes use of, as usage.ts writes it down; the names, where nothing is said. */
  uses?: readonly string[];
}

const copyOf = (template: Template): Template => structuredClone(template);

/** Changes one resource of a copy. */
export function change(template: Template, id: string, edit: (properties: JsonObject) => void): Template {
  const copy = copyOf(template);
  const resource = copy.Resources[id];
  if (!resource) throw new Error(`no resource ${id}`);
  resource.Properties ??= {};
  edit(resource.Properties);
  return copy;
}

export const idsOf = (template: Template, type: string) =>
  Object.entries(template.Resources).flatMap(([id, { Type }]) => (Type === type ? [id] : []));

/** @returns the one resource of this type whose id has this in it */
export function theOne(template: Template, type: string, part = ''): string {
  const found = idsOf(template, type).filter((id) => id.includes(part));
  if (found.length !== 1) throw new Error(`not one ${type} with ${part}: ${found.join(', ')}`);
  return found[0] as string;
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [value ?? []].flat());

/** @returns what messages call a resource: by the name it is given, or after its logical id */
function nameOf(template: Template, id = ''): string {
  const { QueueName } = template.Resources[id]?.Properties ?? {};
  return typeof QueueName === 'string' ? QueueName : id;
}

/** The template without each of its grants: an action on a resource, of a role or of a queue. */
export function withoutEachGrant(template: Template): (Mutation & { action: string })[] {
  return ['AWS::IAM::Policy', 'AWS::SQS::QueuePolicy'].flatMap((type) =>
    idsOf(template, type).flatMap((id) => {
      const { PolicyDocument: document, Roles, Queues } = template.Resources[id]?.Properties ?? {};
      const [holder] = (Roles ?? Queues ?? []) as { Ref: string }[];
      return statementsIn(document).flatMap((statement, index) =>
        statement.Effect === 'Deny'
          ? []
          : listOf(statement.Action).flatMap((action) =>
              listOf(statement.Resource).map((resource) => ({
                action: String(action),
                name: `${id}: ${action} on ${JSON.stringify(resource)}`,
                names: [String(action), nameOf(template, holder?.Ref)],
                template: withoutGrant(template, id, index, action, resource),
              })),
            ),
      );
    }),
  );
}

function withoutGrant(template: Template, id: string, index: number, action: Json, resource: Json): Template {
  const isSame = (one: Json, other: Json) => JSON.stringify(one) === JSON.stringify(other);
  return change(template, id, (properties) => {
    const document = properties.PolicyDocument as JsonObject;
    const statements = statementsIn(document);
    const statement = statements[index] as JsonObject;
    const actions = listOf(statement.Action);
    const resources = listOf(statement.Resource);
    const parts: JsonObject[] = [
      { ...statement, Action: actions.filter((one) => !isSame(one, action)) },
      { ...statement, Action: [action], Resource: resources.filter((one) => !isSame(one, resource)) },
    ];
    const rest = parts.filter(
      ({ Action, Resource }) => listOf(Action).length > 0 && listOf(Resource).length > 0,
    );
    document.Statement = [...statements.slice(0, index), ...rest, ...statements.slice(index + 1)];
  });
}

/** The template without each variable of its functions. */
export function withoutEachVariable(template: Template): Mutation[] {
  return idsOf(template, 'AWS::Lambda::Function').flatMap((id) => {
    const { Environment, FunctionName } = template.Resources[id]?.Properties ?? {};
    const environment = Environment as JsonObject | undefined;
    return Object.keys((environment?.Variables ?? {}) as JsonObject).map((variable) => ({
      name: `${id}: ${variable}`,
      names: [variable],
      uses: [`takes the answer of ${FunctionName}`],
      template: change(template, id, (properties) => {
        delete ((properties.Environment as JsonObject).Variables as JsonObject)[variable];
      }),
    }));
  });
}

/** The template without each variable of its containers, secret or not. */
export function withoutEachContainerVariable(template: Template): Mutation[] {
  return idsOf(template, 'AWS::ECS::TaskDefinition').flatMap((id) => {
    const containers = template.Resources[id]?.Properties?.ContainerDefinitions as JsonObject[];
    return containers.flatMap((container, at) =>
      (['Environment', 'Secrets'] as const).flatMap((list) =>
        ((container[list] ?? []) as { Name: string }[]).map(({ Name }) => ({
          name: `${id}, container ${container.Name}: ${Name}`,
          names: [Name],
          template: change(template, id, (properties) => {
            const edited = (properties.ContainerDefinitions as JsonObject[])[at] as JsonObject;
            edited[list] = (edited[list] as { Name: string }[]).filter((one) => one.Name !== Name);
          }),
        })),
      ),
    );
  });
}

/** The template without a resource, which may leave others naming what is not there. */
export function without(template: Template, id: string): Template {
  const copy = copyOf(template);
  delete copy.Resources[id];
  return copy;
}

/** Types that make no sense without what they name. */
const dependent = new Set([
  'AWS::Lambda::Permission',
  'AWS::SQS::QueuePolicy',
  'AWS::Lambda::EventInvokeConfig',
]);

/** The template without a resource and without all that names it, as if nobody had ever thought of it. */
export function withoutAll(template: Template, id: string): Template {
  const copy = without(template, id);
  for (const [other, resource] of Object.entries(copy.Resources)) {
    if (!JSON.stringify(resource.Properties ?? {}).includes(`"${id}"`)) continue;
    if (
      resource.Type === 'AWS::SQS::QueuePolicy' &&
      !JSON.stringify(resource.Properties?.Queues).includes(`"${id}"`)
    ) {
      const document = resource.Properties?.PolicyDocument as JsonObject;
      document.Statement = statementsIn(document).filter((one) => !JSON.stringify(one).includes(`"${id}"`));
    } else if (dependent.has(resource.Type)) {
      delete copy.Resources[other];
    } else {
      resource.Properties = pruned(resource.Properties ?? {}, id) as JsonObject;
    }
  }
  for (const [name, output] of Object.entries(copy.Outputs ?? {})) {
    if (JSON.stringify(output).includes(`"${id}"`)) delete copy.Outputs?.[name];
  }
  return copy;
}

/** Whether a value is, by itself, a reference to a resource. */
function isReference(value: Json, id: string): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const [key, ...more] = Object.keys(value);
  return (
    more.length === 0 &&
    (key === 'Ref' || key?.startsWith('Fn::') === true) &&
    JSON.stringify(value).includes(`"${id}"`)
  );
}

function pruned(value: Json, id: string): Json | undefined {
  if (isReference(value, id)) return undefined;
  if (Array.isArray(value)) return value.map((one) => pruned(one, id)).filter((one) => one !== undefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, pruned(inner, id)] as const);
  const isHollow = entries.some(
    ([key, inner]) => inner === undefined && (key === 'Arn' || key === 'Resource'),
  );
  if (isHollow) return undefined;
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined)) as JsonObject;
}
