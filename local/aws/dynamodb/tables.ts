import { isDeepStrictEqual } from 'node:util';
import { UnsupportedError } from '../http/errors.ts';
import type { Json, JsonObject, Resource } from '../template.ts';
import { callDynamoDb, DynamoDbError } from './dynamodb.ts';

interface Index extends JsonObject {
  IndexName: string;
}

/** What CreateTable takes of the resource's properties; the rest (backups, protection) means nothing here. */
const createProperties = [
  'KeySchema',
  'AttributeDefinitions',
  'BillingMode',
  'GlobalSecondaryIndexes',
] as const;

const text = (value: unknown) => String(value ?? '');

/** What the tables of CloudFormation and of the engine have in common of a key. */
const keysOf = (schema: Json | undefined) =>
  ((schema ?? []) as JsonObject[]).map(({ AttributeName, KeyType }) => `${AttributeName}:${KeyType}`);

function indexesOf(table: JsonObject): Map<string, object> {
  return new Map(
    ((table.GlobalSecondaryIndexes ?? []) as Index[]).map(({ IndexName, KeySchema, Projection }) => {
      const { ProjectionType, NonKeyAttributes } = (Projection ?? {}) as {
        ProjectionType?: string;
        NonKeyAttributes?: string[];
      };
      const attributes = [...(NonKeyAttributes ?? [])].sort();
      return [IndexName, { keys: keysOf(KeySchema), ProjectionType, attributes }];
    }),
  );
}

/** The tables of the stacks, in the embedded engine. */
export class Tables {
  readonly #endpoint: string;
  #tables = new Map<string, Resource>();

  /** @param endpoint URL of the engine */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** The tables that there are. */
  all(): Resource[] {
    return [...this.#tables.values()];
  }

  /**
   * Makes, changes and deletes tables. One that is there already, from a former run, is taken as it is or changed.
   * @throws UnsupportedError where a table would have to be made anew that holds what must be kept; AWS would
   * give the new one another name
   */
  async provision(resources: readonly Resource[]): Promise<void> {
    const tables = new Map(
      resources.filter(({ type }) => type === 'AWS::DynamoDB::Table').map((table) => [table.ref, table]),
    );
    for (const [name, table] of this.#tables) if (!tables.has(name)) await this.#delete(table);
    for (const table of tables.values()) await this.#make(table);
    this.#tables = tables;
  }

  /** Makes them again after the engine was lost with all that was in it. */
  async restore(): Promise<void> {
    for (const table of this.#tables.values()) await this.#make(table);
  }

  async #make(table: Resource): Promise<void> {
    const { ref, properties } = table;
    const wanted = Object.fromEntries(
      createProperties.flatMap((name) =>
        properties[name] === undefined ? [] : [[name, properties[name] as Json]],
      ),
    );
    const create = () => callDynamoDb(this.#endpoint, 'CreateTable', { TableName: ref, ...wanted });
    try {
      await create();
    } catch (error) {
      if (!(error instanceof DynamoDbError && error.code === 'ResourceInUseException')) throw error;
      const { Table } = await callDynamoDb(this.#endpoint, 'DescribeTable', { TableName: ref });
      const existing = Table as JsonObject;
      if (isDeepStrictEqual(keysOf(existing.KeySchema), keysOf(properties.KeySchema))) {
        await this.#updateIndexes(ref, existing, wanted);
      } else {
        await this.#delete(this.#replaceable(ref));
        await create();
      }
    }
    await this.#setTtl(ref, properties.TimeToLiveSpecification as JsonObject | undefined);
  }

  /** @throws UnsupportedError where the table must be kept: it has the very name that the new one would have */
  #replaceable(name: string): Resource {
    const table = this.#tables.get(name);
    if (!table) {
      throw new UnsupportedError(
        `table ${name} of the kept data has another key than the template; use another --data`,
      );
    }
    if (!table.retained) return table;
    throw new UnsupportedError(
      `table ${name} would get another key, and its template keeps the old one: AWS would name the new one otherwise`,
      table.logicalId,
    );
  }

  async #delete({ ref, logicalId, properties }: Resource): Promise<void> {
    if (properties.DeletionProtectionEnabled === true) {
      throw new UnsupportedError(
        `Resource cannot be deleted as it is currently protected against deletion: table ${ref}`,
        logicalId,
      );
    }
    await callDynamoDb(this.#endpoint, 'DeleteTable', { TableName: ref });
  }

  async #updateIndexes(name: string, existing: JsonObject, wanted: JsonObject): Promise<void> {
    const before = indexesOf(existing);
    const after = indexesOf(wanted);
    const update = (one: JsonObject) =>
      callDynamoDb(this.#endpoint, 'UpdateTable', {
        TableName: name,
        AttributeDefinitions: wanted.AttributeDefinitions as Json,
        GlobalSecondaryIndexUpdates: [one],
      });
    // One at a time, as DynamoDB wants it too.
    for (const [IndexName, shape] of before) {
      if (!isDeepStrictEqual(after.get(IndexName), shape)) await update({ Delete: { IndexName } });
    }
    for (const index of (wanted.GlobalSecondaryIndexes ?? []) as Index[]) {
      if (isDeepStrictEqual(before.get(index.IndexName), after.get(index.IndexName))) continue;
      await update({ Create: index });
    }
  }

  async #setTtl(name: string, wanted: JsonObject | undefined): Promise<void> {
    const { TimeToLiveDescription } = await callDynamoDb(this.#endpoint, 'DescribeTimeToLive', {
      TableName: name,
    });
    const { TimeToLiveStatus, AttributeName } = TimeToLiveDescription as JsonObject;
    const enabled = TimeToLiveStatus === 'ENABLED';
    const set = (specification: JsonObject) =>
      callDynamoDb(this.#endpoint, 'UpdateTimeToLive', {
        TableName: name,
        TimeToLiveSpecification: specification,
      });
    const isWanted = wanted?.Enabled === true;
    if (enabled && (!isWanted || AttributeName !== wanted.AttributeName)) {
      await set({ Enabled: false, AttributeName: text(AttributeName) });
    }
    if (wanted && isWanted && !(enabled && AttributeName === wanted.AttributeName)) await set(wanted);
  }
}
