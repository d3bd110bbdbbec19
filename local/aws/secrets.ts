import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { CommandError } from '../../command-line/command-error.ts';
import { AwsError } from './http/errors.ts';
import type { JsonObject, Resource } from './template.ts';

export interface SecretsOptions {
  /** File that keeps the values over a restart. */
  file?: string | undefined;
  /** Value of the generated key of every secret of keys, in the place of a random one. */
  generated?: string | undefined;
}

interface Secret {
  name: string;
  arn: string;
  value: string;
  versionId: string;
  createdAt: number;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const digits = '0123456789';
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** Secrets Manager: values generated as the template says. */
export class Secrets {
  #secrets = new Map<string, Secret>();
  readonly #file: string | undefined;
  readonly #generated: string | undefined;
  /** Values of a former run, by ARN. */
  readonly #former: Record<string, string>;

  constructor({ file, generated }: SecretsOptions) {
    this.#file = file;
    this.#generated = generated;
    const kept = generated === undefined && file !== undefined && existsSync(file);
    this.#former = kept ? readKept(file) : {};
  }

  /** Makes the secrets of the stacks. One that is there keeps its value. */
  provision(resources: readonly Resource[]): void {
    const secrets = new Map<string, Secret>();
    for (const { type, ref, properties } of resources) {
      if (type !== 'AWS::SecretsManager::Secret') continue;
      secrets.set(
        ref,
        this.#secrets.get(ref) ?? {
          name: nameOf(ref),
          arn: ref,
          value: this.#former[ref] ?? initialValue(properties, this.#generated),
          versionId: randomUUID(),
          createdAt: Date.now(),
        },
      );
      delete this.#former[ref];
    }
    this.#secrets = secrets;
    this.#save();
  }

  /** @throws AwsError ResourceNotFoundException */
  getSecretValue(request: { SecretId?: string }): JsonObject {
    const { arn, name, value, versionId, createdAt } = this.#find(request.SecretId ?? '');
    return {
      ARN: arn,
      Name: name,
      SecretString: value,
      VersionId: versionId,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: createdAt / 1000,
    };
  }

  /** @throws AwsError ResourceNotFoundException */
  putSecretValue(request: { SecretId?: string; SecretString?: string }): JsonObject {
    const secret = this.#find(request.SecretId ?? '');
    secret.value = request.SecretString ?? '';
    secret.versionId = randomUUID();
    this.#save();
    return { ARN: secret.arn, Name: secret.name, VersionId: secret.versionId, VersionStages: ['AWSCURRENT'] };
  }

  /**
   * @param valueFrom as in a container's secrets: `{ARN}[:{json key}:{stage}:{version}]`
   * @throws AwsError ResourceNotFoundException; Error where the value has no such key
   */
  containerValue(valueFrom: string): string {
    const { value, name } = this.#find(secretArnIn(valueFrom));
    const key = valueFrom.split(':')[7];
    if (!key) return value;
    const held = (JSON.parse(value) as Record<string, unknown>)[key];
    if (typeof held !== 'string') throw new Error(`secret ${name} has no key ${key}`);
    return held;
  }

  #find(id: string): Secret {
    const found = this.#secrets.get(id) ?? [...this.#secrets.values()].find(({ name }) => name === id);
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  #save(): void {
    if (!this.#file) return;
    const values = Object.fromEntries([...this.#secrets.values()].map(({ arn, value }) => [arn, value]));
    writeFileSync(`${this.#file}.new`, JSON.stringify(values), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** @param valueFrom `{ARN}[:{json key}:{stage}:{version}]` */
export const secretArnIn = (valueFrom: string) => valueFrom.split(':').slice(0, 7).join(':');

/** `arn:…:secret:{name}-{six characters}` */
const nameOf = (arn: string) => arn.slice(arn.lastIndexOf(':') + 1).replace(/-[^-]{6}$/, '');

/** The value that CloudFormation would give it (AWS::SecretsManager::Secret, GenerateSecretString). */
function initialValue(
  { SecretString, GenerateSecretString }: JsonObject,
  generated: string | undefined,
): string {
  if (typeof SecretString === 'string') return SecretString;
  const wish = (GenerateSecretString ?? {}) as JsonObject;
  if (typeof wish.GenerateStringKey !== 'string') return randomWord(wish);
  const word = generated ?? randomWord(wish);
  return JSON.stringify({
    ...JSON.parse(String(wish.SecretStringTemplate ?? '{}')),
    [wish.GenerateStringKey]: word,
  });
}

function randomWord(wish: JsonObject): string {
  const excluded = String(wish.ExcludeCharacters ?? '');
  const alphabet = [...(letters + digits + (wish.ExcludePunctuation === true ? '' : punctuation))].filter(
    (character) => !excluded.includes(character),
  );
  const length = Number(wish.PasswordLength ?? 32);
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** @throws CommandError where the file is damaged: gateways elsewhere have the secret that it had */
function readKept(file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new CommandError(
      `${file} is damaged: put it back from a copy, or remove it, and the secrets are made anew (--secret gives one)`,
    );
  }
}
