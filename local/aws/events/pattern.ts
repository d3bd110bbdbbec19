import { UnsupportedError } from '../http/errors.ts';
import type { Json, JsonObject } from '../template.ts';

/*
 * Event patterns as EventBridge matches them ("Creating Amazon EventBridge event patterns"): every key of the pattern
 * must match, each by one of its alternatives; an array in the event matches by any of its values.
 */

/** Decides whether a value of the event matches; undefined stands for an absent key. */
type Matcher = (value: Json | undefined) => boolean;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: Json): Json[] => (Array.isArray(value) ? value : [value]);

const onText =
  (test: (text: string) => boolean): Matcher =>
  (value) =>
    typeof value === 'string' && test(value);

const comparisons = new Map(
  Object.entries<(a: number, b: number) => boolean>({
    '=': (a, b) => a === b,
    '<': (a, b) => a < b,
    '<=': (a, b) => a <= b,
    '>': (a, b) => a > b,
    '>=': (a, b) => a >= b,
  }),
);

/** `["op", number]` or `["op", number, "op", number]`: all must hold. */
function numeric(argument: Json): Matcher {
  const terms = argument as Json[];
  const tests: ((value: number) => boolean)[] = [];
  for (let i = 0; i + 1 < terms.length; i += 2) {
    const compare = comparisons.get(String(terms[i]));
    const bound = terms[i + 1];
    if (!compare || typeof bound !== 'number')
      throw new UnsupportedError(`event pattern: odd numeric ${terms[i]}`);
    tests.push((value) => compare(value, bound));
  }
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}

function wildcard(pattern: string): Matcher {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  const expression = new RegExp(`^${escaped}$`, 's');
  return onText((text) => expression.test(text));
}

/** Negations look at every value of an array; a value must be there to be anything but. */
function anythingBut(argument: Json): Matcher {
  const refused = isObject(argument)
    ? Object.entries(argument).flatMap(([name, inner]) => listOf(inner).map((one) => operator(name, one)))
    : listOf(argument).map(literal);
  return (value) =>
    value !== undefined && !listOf(value).some((one) => refused.some((matches) => matches(one)));
}

function affix(argument: Json, test: (text: string, part: string) => boolean): Matcher {
  if (isObject(argument)) {
    const part = String(argument['equals-ignore-case']).toLowerCase();
    return onText((text) => test(text.toLowerCase(), part));
  }
  return onText((text) => test(text, String(argument)));
}

const operators = new Map(
  Object.entries<(argument: Json) => Matcher>({
    prefix: (argument) => affix(argument, (text, part) => text.startsWith(part)),
    suffix: (argument) => affix(argument, (text, part) => text.endsWith(part)),
    'equals-ignore-case': (argument) => {
      const wanted = String(argument).toLowerCase();
      return onText((text) => text.toLowerCase() === wanted);
    },
    wildcard: (argument) => wildcard(String(argument)),
    'anything-but': anythingBut,
    numeric,
    // Only a leaf can exist or be absent: an object has no value of its own.
    exists: (argument) => (value) => (value !== undefined && !isObject(value)) === argument,
  }),
);

function operator(name: string, argument: Json): Matcher {
  const make = operators.get(name);
  if (!make) throw new UnsupportedError(`event pattern: the local cloud does not know "${name}"`);
  return make(argument);
}

const literal =
  (wanted: Json): Matcher =>
  (value) =>
    value === wanted;

/** These speak of the whole value, also where it is an array. */
const wholeValue = new Set(['anything-but', 'exists']);

function alternative(wanted: Json): Matcher {
  if (!isObject(wanted)) return eachOf(literal(wanted));
  const tests = Object.entries(wanted).map(([name, argument]) => {
    const matches = operator(name, argument);
    return wholeValue.has(name) ? matches : eachOf(matches);
  });
  return (value) => tests.every((matches) => matches(value));
}

const eachOf =
  (matches: Matcher): Matcher =>
  (value) =>
    Array.isArray(value) ? value.some(matches) : matches(value);

function compile(pattern: JsonObject): Matcher {
  const tests = Object.entries(pattern).map(([key, wanted]): Matcher => {
    if (key === '$or') {
      const branches = (wanted as JsonObject[]).map(compile);
      return (event) => branches.some((matches) => matches(event));
    }
    const read = (event: Json | undefined) => (isObject(event) ? event[key] : undefined);
    if (isObject(wanted)) {
      const inner = compile(wanted);
      return (event) => {
        const value = read(event);
        // An array of objects matches where one of them does.
        return Array.isArray(value) ? value.some(inner) : inner(value);
      };
    }
    if (!Array.isArray(wanted))
      throw new UnsupportedError(`event pattern: ${key} must be a list or an object`);
    const alternatives = wanted.map(alternative);
    return (event) => alternatives.some((matches) => matches(read(event)));
  });
  return (event) => tests.every((matches) => matches(event));
}

/**
 * @param pattern the rule's `EventPattern`
 * @returns whether an event matches
 * @throws UnsupportedError for an operator that EventBridge has and this does not, or that neither has
 */
export function compilePattern(pattern: JsonObject): (event: JsonObject) => boolean {
  return compile(pattern);
}
