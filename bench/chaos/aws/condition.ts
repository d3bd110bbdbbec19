import { isDeepStrictEqual } from 'node:util';
import type { Item } from '../../../lambdas/store/attributes.ts';
import type { Condition } from '../../../lambdas/store/conditions.ts';

/* Evaluates the condition expressions of lambdas/store/conditions.ts on an item in memory. */

type Test = (item: Item) => boolean;

const tokenPattern =
  /\(|\)|,|AND|OR|attribute_not_exists|attribute_exists|begins_with|#[A-Za-z]+|:\d+|<=|>=|<>|=|<|>/g;

/**
 * @param condition as the store writes it; undefined: none
 * @returns whether it holds for an item; for none, that of an empty one is asked
 * @throws on an expression that the store's parts cannot make
 */
export function testOf(condition: Condition | undefined): Test {
  if (condition === undefined) return () => true;
  const values: unknown[] = [];
  const text = condition({
    name: (attribute) => `#${attribute}`,
    value: (value) => `:${values.push(value) - 1}`,
  });
  const parser = new Parser(text.match(tokenPattern) ?? [], values);
  return parser.whole();
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(tokens: readonly string[], values: readonly unknown[]) {
    this.#tokens = tokens;
    this.#values = values;
  }

  whole(): Test {
    const test = this.#joined();
    if (this.#at < this.#tokens.length) throw new Error(`not understood: ${this.#tokens.join(' ')}`);
    return test;
  }

  /** Parts joined by one and the same word: each part that is joined itself stands in brackets. */
  #joined(): Test {
    let test = this.#part();
    for (;;) {
      const word = this.#tokens[this.#at];
      if (word !== 'AND' && word !== 'OR') return test;
      this.#at += 1;
      const [one, other] = [test, this.#part()];
      test = word === 'AND' ? (item) => one(item) && other(item) : (item) => one(item) || other(item);
    }
  }

  #part(): Test {
    const token = this.#next();
    if (token === '(') {
      const test = this.#joined();
      this.#expect(')');
      return test;
    }
    if (token.startsWith('#')) return compared(token.slice(1), this.#next(), this.#value());
    this.#expect('(');
    const name = this.#next().slice(1);
    if (token === 'begins_with') {
      this.#expect(',');
      const prefix = String(this.#value());
      this.#expect(')');
      return (item) => typeof item[name] === 'string' && item[name].startsWith(prefix);
    }
    this.#expect(')');
    const wanted = token === 'attribute_exists';
    return (item) => (item[name] !== undefined) === wanted;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token ?? '';
  }

  #expect(token: string): void {
    if (this.#next() !== token) throw new Error(`not understood: ${this.#tokens.join(' ')}`);
  }

  #value(): unknown {
    return this.#values[Number(this.#next().slice(1))];
  }
}

/** What is not there, or of another type, compares with nothing. */
function compared(name: string, operator: string, given: unknown): Test {
  // As the table keeps its items: an object without a prototype is the same to DynamoDB, and not to JavaScript.
  const value = structuredClone(given);
  return (item) => {
    const own = item[name];
    if (operator === '=') return own !== undefined && isDeepStrictEqual(own, value);
    if (operator === '<>') return !isDeepStrictEqual(own, value);
    if (typeof own !== typeof value || (typeof own !== 'number' && typeof own !== 'string')) return false;
    const order = own < (value as typeof own) ? -1 : Number(own > (value as typeof own));
    switch (operator) {
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      default:
        return order >= 0;
    }
  };
}
