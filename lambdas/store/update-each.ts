import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { toAttributes } from './attributes.ts';
import type { Placeholders } from './conditions.ts';
import type { Update } from './transaction.ts';

/*
 * Conditional updates of many items in one request, by PartiQL: each with its own condition and answer, and each billed as
 * an UpdateItem. ("Running batch operations with PartiQL for DynamoDB", BatchStatementError)
 */

/**
 * @param updates each of an item that is there, with something to set, and a condition of comparisons alone: to PartiQL,
 * an attribute that is missing differs from nothing. None removes or adds.
 * @returns for each whether it was done; else it is worth another try, alone
 */
export async function updateEach(
  client: DynamoDBClient,
  tableName: string,
  updates: readonly Update[],
): Promise<boolean[]> {
  const { Responses = [] } = await client.send(
    new BatchExecuteStatementCommand({ Statements: updates.map((update) => statementOf(tableName, update)) }),
  );
  return updates.map((_update, index) => {
    const response = Responses[index];
    return response !== undefined && response.Error === undefined;
  });
}

function statementOf(tableName: string, { update, set = {}, when }: Update) {
  const Parameters: AttributeValue[] = [];
  const e: Placeholders = {
    name: quoted,
    value: (value) => {
      Parameters.push(toAttributes({ value }).value as AttributeValue);
      return '?';
    },
  };
  const assignments = Object.entries(set).map(([name, value]) => `${e.name(name)}=${e.value(value)}`);
  const key = `pk=${e.value(update)}`;
  const condition = when === undefined ? '' : ` AND ${when(e)}`;
  return {
    Statement: `UPDATE ${quoted(tableName)} SET ${assignments.join(', ')} WHERE ${key}${condition}`,
    Parameters,
  };
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
