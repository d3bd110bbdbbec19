import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { apiEventSource, type OperatorFact } from '../../contracts/operator-fact.ts';
import { NotTold } from '../domain/errors.ts';

/**
 * @param bus name of the bus
 * @returns a function that tells the bus what an operator did. @throws (it) NotTold
 */
export function factTeller(client: EventBridgeClient, bus: string): (fact: OperatorFact) => Promise<void> {
  return async (fact) => {
    const entry = {
      EventBusName: bus,
      Source: apiEventSource,
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
