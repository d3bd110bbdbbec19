import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { edgeEventSource } from '../../contracts/facts.ts';
import { traceHeader } from '../../contracts/trace.ts';
import type { Settings } from '../settings.ts';
import { isSampled } from '../telemetry/trace.ts';
import type { Delivery, DeliveryResult } from './sender.ts';

/** The bus will answer these the same the next time (PutEventsResultEntry). */
const final = new Set(['InvalidArgument', 'MalformedDetail', 'NotAuthorizedForDetailTypeException']);

/**
 * Delivers by PutEvents.
 * @param client with `maxAttempts: 1` and a request timeout: the outbox tries again, with its own back-off
 * @param traceSamplePercent of how many traces X-Ray is told to keep them
 */
export function eventBusDelivery(
  client: Pick<EventBridgeClient, 'send'>,
  { busName, traceSamplePercent }: Pick<Settings, 'busName' | 'traceSamplePercent'>,
): Delivery {
  return async (batch) => {
    const command = new PutEventsCommand({
      Entries: batch.map(({ type, at, detail, traceId }) => ({
        EventBusName: busName,
        Source: edgeEventSource,
        DetailType: type,
        Time: new Date(at),
        Detail: detail,
        // EventBridge hands it on to whatever takes the event.
        ...(traceId && { TraceHeader: traceHeader(traceId, isSampled(traceId, traceSamplePercent)) }),
      })),
    });
    const { Entries = [] } = await client.send(command);
    // An answer shorter than the batch says nothing about the rest: it is sent again.
    return batch.map((_entry, index): DeliveryResult => {
      const answer = Entries[index];
      if (answer?.EventId !== undefined) return { result: 'sent' };
      const why = `${answer?.ErrorCode ?? 'no answer'} ${answer?.ErrorMessage ?? ''}`.trim();
      return { result: final.has(answer?.ErrorCode ?? '') ? 'never' : 'again', why };
    });
  };
}
