import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { NotTold } from '../domain/errors.ts';

/** Entries of one PutEvents at most (EventBridge quotas). Ten call records at their longest are far from its bytes. */
const mostEntries = 10;

interface Telling<Fact> {
  fact: Fact;
  resolve: () => void;
  reject: (error: NotTold) => void;
}

/**
 * @param bus name of the bus
 * @param source who tells it: the event's `Source`
 * @returns a function that tells the bus a fact; what is told at once goes in one request. @throws (it) NotTold
 */
export function factTeller<Fact extends { type: string }>(
  client: EventBridgeClient,
  bus: string,
  source: string,
): (fact: Fact) => Promise<void> {
  const notTold = (why: string, options?: ErrorOptions) => new NotTold(`${bus}: ${why}`, options);
  const send = async (tellings: readonly Telling<Fact>[]) => {
    const entries = tellings.map(({ fact }) => ({
      EventBusName: bus,
      Source: source,
      DetailType: fact.type,
      Detail: JSON.stringify(fact),
    }));
    try {
      const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
      for (const [index, { resolve, reject }] of tellings.entries()) {
        const { EventId, ErrorCode = 'no answer', ErrorMessage = '' } = Entries[index] ?? {};
        if (EventId === undefined) reject(notTold(`${ErrorCode}: ${ErrorMessage}`));
        else resolve();
      }
    } catch (error) {
      for (const { reject } of tellings) reject(notTold((error as Error).message, { cause: error }));
    }
  };
  let gathered: Telling<Fact>[] = [];
  const sendGathered = () => {
    const tellings = gathered;
    gathered = [];
    for (let i = 0; i < tellings.length; i += mostEntries) void send(tellings.slice(i, i + mostEntries));
  };
  return (fact) =>
    new Promise((resolve, reject) => {
      gathered.push({ fact, resolve, reject });
      if (gathered.length === 1) queueMicrotask(sendGathered);
    });
}
