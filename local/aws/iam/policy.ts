import { UnsupportedError } from '../errors.ts';
import type { JsonObject } from '../template.ts';

/* Identity policies as IAM evaluates them ("Policy evaluation logic"), as far as our templates use them. */

/** What a call needs: an action on a resource, with what conditions may look at. */
export interface Needed {
  /** e.g. `dynamodb:GetItem`. */
  action: string;
  /** ARN, or `*` for an action that knows no resource. */
  resource: string;
  /** Condition keys and their values, e.g. `ecs:cluster`. */
  context?: Record<string, string>;
}

export interface Statement {
  deny: boolean;
  matches: (needed: Needed) => boolean;
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

/** `*` stands for any text, `?` for one character. */
function pattern(text: string, flags = ''): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, flags);
}

const known = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition']);
const conditionOperators = new Set(['ArnEquals', 'ArnLike', 'StringEquals', 'StringLike']);

function readConditions(where: string, block: JsonObject): (needed: Needed) => boolean {
  const tests = Object.entries(block).flatMap(([operator, keys]) => {
    if (!conditionOperators.has(operator)) {
      throw new UnsupportedError(`${where}: the local cloud does not know the condition ${operator}`);
    }
    return Object.entries(keys as JsonObject).map(([key, wanted]) => {
      const patterns = listOf(wanted).map((text) => pattern(text));
      return ({ context }: Needed) => {
        const value = context?.[key];
        return value !== undefined && patterns.some((one) => one.test(value));
      };
    });
  });
  return (needed) => tests.every((test) => test(needed));
}

/**
 * @param where the policy, for the error
 * @throws UnsupportedError for a part of a statement that is not played here
 */
export function readStatement(where: string, statement: JsonObject): Statement {
  const odd = Object.keys(statement).find((key) => !known.has(key));
  if (odd) throw new UnsupportedError(`${where}: the local cloud does not know ${odd} in a policy`);
  // Actions are compared without regard to case, resources with.
  const actions = listOf(statement.Action).map((text) => pattern(text, 'i'));
  const resources = listOf(statement.Resource).map((text) => pattern(text));
  const conditions = readConditions(where, (statement.Condition ?? {}) as JsonObject);
  return {
    deny: statement.Effect === 'Deny',
    matches: (needed) =>
      actions.some((action) => action.test(needed.action)) &&
      resources.some((resource) => resource.test(needed.resource)) &&
      conditions(needed),
  };
}

/** Allowed is what some statement allows and none denies. */
export function isAllowed(statements: readonly Statement[], needed: Needed): boolean {
  const matching = statements.filter(({ matches }) => matches(needed));
  return matching.length > 0 && !matching.some(({ deny }) => deny);
}
