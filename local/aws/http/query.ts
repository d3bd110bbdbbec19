import { randomUUID } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../template.ts';
import { AwsError } from './errors.ts';
import { content, element, type XmlValue } from './xml.ts';

/* The Query protocol of AWS: a form with `Action` in, XML out. CloudFormation and STS speak it. */

/** @returns the members of the answer's result */
export type QueryOperation = (
  request: JsonObject,
) => Record<string, XmlValue> | Promise<Record<string, XmlValue>>;

/** A service that speaks it. */
export interface QueryService {
  /** As in the names of permissions: `cloudformation`. */
  prefix: string;
  namespace: string;
  operations: ReadonlyMap<string, QueryOperation>;
  /** What a permission for an action must name; everything unless given. */
  resourceOf?: (action: string, request: JsonObject) => string;
}

export interface QueryRequest {
  action: string;
  /** What tells the services apart, where all have one address. */
  version: string;
  parameters: JsonObject;
}

/** No prototype: whoever sends the form names the keys, and `__proto__` among them would be everybody's. */
const emptyObject = (): JsonObject => Object.create(null) as JsonObject;

/** No list of what is asked here is longer. */
const maxMembers = 1000;

/**
 * Reads the form: `A.B=1` is `{A: {B: '1'}}`, `A.member.1=x` is `{A: ['x']}`.
 * @throws AwsError ValidationError for a member beyond 1000, and for a name that is text, object and list at once
 */
export function readQuery(body: string): QueryRequest {
  const { Action, Version, ...fields } = Object.fromEntries(new URLSearchParams(body));
  const parameters = emptyObject();
  for (const [path, value] of Object.entries(fields)) put(parameters, path.split('.'), value);
  return { action: Action ?? '', version: Version ?? '', parameters };
}

function put(into: JsonObject, [key = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    into[key] = value;
  } else if (rest[0] === 'member') {
    into[key] = putMember(into[key] ?? [], rest.slice(1), value);
  } else {
    into[key] = putInner(into[key], rest, value);
  }
}

function putInner(known: Json | undefined, path: string[], value: string): JsonObject {
  const inner = known ?? emptyObject();
  if (!isObject(inner))
    throw new AwsError('ValidationError', `${path.join('.').slice(0, 80)} is no part of it`);
  put(inner, path, value);
  return inner;
}

function putMember(list: Json, [number = '1', ...rest]: string[], value: string): Json[] {
  const at = Number(number) - 1;
  if (!Array.isArray(list) || !Number.isInteger(at) || at < 0 || at >= maxMembers) {
    throw new AwsError('ValidationError', `no list with a member ${number.slice(0, 20)}`);
  }
  list[at] = rest.length === 0 ? value : putInner(list[at], rest, value);
  return list;
}

/** @returns the list, which stands as an empty text in the form where it is empty */
export const listIn = <T>(value: Json | undefined): T[] => (Array.isArray(value) ? (value as T[]) : []);

/** @throws AwsError where a required parameter is missing */
export function textIn(request: JsonObject, name: string): string {
  const value = request[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('ValidationError', `${name} is required`);
}

/** @returns the XML of an answer */
export function queryAnswer(action: string, namespace: string, result: Record<string, XmlValue>): string {
  const body = `<${action}Result>${content(result)}</${action}Result>${element('ResponseMetadata', { RequestId: randomUUID() })}`;
  return `<${action}Response xmlns="${namespace}">${body}</${action}Response>`;
}

/** @returns the XML of a refusal */
export function queryError({ code, message, status }: AwsError): string {
  return element('ErrorResponse', {
    Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
    RequestId: randomUUID(),
  });
}
