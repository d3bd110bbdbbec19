import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { NotTold } from '../domain/errors.ts';

/**
 * @param bus name of the bus
 * @param source who tells it: the event's `Source`
 * @returns a function that tells the bus a fact. @throws (it) NotTold
 */
export function factTeller<Fact extends { type: string }>(
  client: EventBridgeClient,
  bus: string,
  source: string,
): (fact: Fact) => Promise<void> {
  return async (fact) => {
    const entry = {
      EventBusName: bus,
      Source: source,
      DetailType: fact.type,
      Detail: JSON.stringify(fact),
    };
    try {
      const { Entries: [result] = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }));
      if (result?.ErrorCode) throw new Error(`${result.ErrorCode}: ${result.ErrorMessage}`);
    } catch (error) {
      throw new NotTold(`${bus}: ${(error as Error).message}`, { cause: error });
    }
  };
}
