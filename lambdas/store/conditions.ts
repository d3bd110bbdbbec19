import { type AttributeMap, toAttributes } from './attributes.ts';

/*
 * Expressions of DynamoDB built from named parts. A part gives its text once it is placed in an expression, which
 * hands out the placeholders (every attribute name goes through one: `state` and many others are reserved words).
 */

/** The placeholders of one expression. */
export interface Placeholders {
  name(attribute: string): string;
  value(value: unknown): string;
}

export type Condition = (in_: Placeholders) => string;

export interface Expression extends Placeholders {
  /** What the SDK's command takes; empty maps are left out, since DynamoDB refuses them. */
  attributes(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: AttributeMap;
  };
}

export function expression(): Expression {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    name(attribute) {
      names[`#${attribute}`] = attribute;
      return `#${attribute}`;
    },
    value(value) {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = value;
      return placeholder;
    },
    attributes: () => ({
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: toAttributes(values) }),
    }),
  };
}

const compare =
  (operator: '=' | '<>' | '<' | '<=' | '>' | '>=') =>
  (attribute: string, value: unknown): Condition =>
  (in_) =>
    `${in_.name(attribute)} ${operator} ${in_.value(value)}`;

export const equals = compare('=');
export const differs = compare('<>');
export const below = compare('<');
export const atMost = compare('<=');
export const above = compare('>');

/** Both ends included. Of a sort key, DynamoDB takes one condition only. */
export const between =
  (attribute: string, from: number, to: number): Condition =>
  (in_) =>
    `${in_.name(attribute)} BETWEEN ${in_.value(from)} AND ${in_.value(to)}`;

export const missing =
  (attribute: string): Condition =>
  (in_) =>
    `attribute_not_exists(${in_.name(attribute)})`;

export const present =
  (attribute: string): Condition =>
  (in_) =>
    `attribute_exists(${in_.name(attribute)})`;

export const startsWith =
  (attribute: string, prefix: string): Condition =>
  (in_) =>
    `begins_with(${in_.name(attribute)}, ${in_.value(prefix)})`;

export const allOf = joined('AND');
export const anyOf = joined('OR');

function joined(operator: 'AND' | 'OR') {
  return (...parts: readonly [Condition, ...Condition[]]): Condition =>
    (in_) =>
      parts.map((part) => `(${part(in_)})`).join(` ${operator} `);
}

/** The attribute is as it was read, also where it was not there. */
export function unchanged(attribute: string, seen: unknown): Condition {
  return seen === undefined ? missing(attribute) : equals(attribute, seen);
}
