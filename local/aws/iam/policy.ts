import { UnsupportedError } from '../http/errors.ts';
import { type JsonObject, memberOf } from '../template.ts';

/* Policies as IAM evaluates them ("Policy evaluation logic"), as far as our templates use them. */

/** What a call needs: an action on a resource, with what conditions may look at. */
export interface Needed {
  /** e.g. `dynamodb:GetItem`. */
  action: string;
  /** ARN, or `*` for an action that knows no resource. */
  resource: string;
  /** Condition keys and their values, e.g. `ecs:cluster`. */
  context?: Readonly<Record<string, string>>;
}

export interface Statement {
  deny: boolean;
  /** @param principal the AWS service that asks, or undefined for a role */
  matches: (needed: Needed, principal?: string) => boolean;
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

/** `*` stands for any text, `?` for one character. */
function pattern(text: string, flags = ''): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, flags);
}

const exactly = (text: string) => (value: string) => value === text;
const like = (text: string) => {
  const wanted = pattern(text);
  return (value: string) => wanted.test(value);
};

/** Condition operator → whether a value is what is wanted. ArnEquals knows wildcards too, as IAM has it. */
const conditionOperators = new Map(
  Object.entries<(wanted: string) => (value: string) => boolean>({
    ArnEquals: like,
    ArnLike: like,
    StringEquals: exactly,
    StringLike: like,
    Bool: exactly,
  }),
);

type Test = (needed: Needed) => boolean;

function readConditions(where: string, block: JsonObject): Test {
  const tests = Object.entries(block).flatMap(([operator, keys]) => {
    const compile = conditionOperators.get(operator);
    if (!compile) {
      throw new UnsupportedError(`${where}: the local cloud does not know the condition ${operator}`);
    }
    return Object.entries(keys as JsonObject).map(([key, wanted]): Test => {
      const accepted = listOf(wanted).map(compile);
      return ({ context }) => {
        const value = memberOf(context ?? {}, key);
        return value !== undefined && accepted.some((accepts) => accepts(value));
      };
    });
  });
  return (needed) => tests.every((test) => test(needed));
}

/** `Action` or `NotAction`, `Resource` or `NotResource`: exactly one of them, as IAM demands. */
function readOneOf(
  where: string,
  statement: JsonObject,
  name: string,
  flags = '',
): (value: string) => boolean {
  const not = `Not${name}`;
  const given = [name, not].filter((key) => statement[key] !== undefined);
  if (given.length !== 1) throw new UnsupportedError(`${where}: a policy needs either ${name} or ${not}`);
  const patterns = listOf(statement[given[0] as string]).map((text) => pattern(text, flags));
  const isListed = (value: string) => patterns.some((one) => one.test(value));
  return given[0] === name ? isListed : (value) => !isListed(value);
}

/** Who a resource's policy speaks of: `"*"`, `{ "AWS": "*" }` or `{ "Service": … }`. */
function readPrincipal(where: string, principal: unknown): (service: string | undefined) => boolean {
  if (principal === '*') return () => true;
  const { Service, AWS, ...rest } = (principal ?? {}) as JsonObject;
  const [odd] = Object.keys(rest);
  if (odd) throw new UnsupportedError(`${where}: the local cloud does not know the principal ${odd}`);
  if (AWS !== undefined && AWS !== '*') {
    throw new UnsupportedError(`${where}: the local cloud does not know the principal AWS ${String(AWS)}`);
  }
  const services = Service === undefined ? [] : listOf(Service);
  return (service) => AWS === '*' || (service !== undefined && services.includes(service));
}

const known = new Set(['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']);

/**
 * @param where the policy, for the error
 * @param isOfResource whether the policy belongs to a resource, and so says of whom it speaks
 * @throws UnsupportedError for a part of a statement that is not played here
 */
export function readStatement(where: string, statement: JsonObject, isOfResource = false): Statement {
  const odd = Object.keys(statement).find((key) => !known.has(key) && !(isOfResource && key === 'Principal'));
  if (odd) throw new UnsupportedError(`${where}: the local cloud does not know ${odd} in a policy`);
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') {
    throw new UnsupportedError(`${where}: a policy must allow or deny`);
  }
  // Actions are compared without regard to case, resources with.
  const isAction = readOneOf(where, statement, 'Action', 'i');
  const isResource = readOneOf(where, statement, 'Resource');
  const conditions = readConditions(where, (statement.Condition ?? {}) as JsonObject);
  const isPrincipal = isOfResource ? readPrincipal(where, statement.Principal) : () => true;
  return {
    deny: statement.Effect === 'Deny',
    matches: (needed, principal) =>
      isAction(needed.action) && isResource(needed.resource) && isPrincipal(principal) && conditions(needed),
  };
}

/** Allowed is what some statement allows and none denies. */
export function isAllowed(statements: readonly Statement[], needed: Needed, principal?: string): boolean {
  const matching = statements.filter(({ matches }) => matches(needed, principal));
  return matching.length > 0 && !matching.some(({ deny }) => deny);
}
