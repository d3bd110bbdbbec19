import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { entryBytes } from '../../../sip-edge/outbox/batch.ts';
import { eventBusDelivery } from '../../../sip-edge/outbox/event-bus.ts';
import { type AwsBehaviour, openAws, type TestAws } from '../support/aws.ts';

/* The edge's adapter, with the SDK unmodified, before an HTTP server that speaks the AWS wire. */

let aws: TestAws;
const traceId = '1-67e00000-0123456789abcdef01234567';
describe('the bus', () => {
  const entry = (type: string) => {
    const detail = JSON.stringify({ type });
    return {
      id: type,
      type,
      at: 0,
      callId: undefined,
      traceId: type === 'two' ? traceId : undefined,
      detail,
      bytes: entryBytes(type, detail),
      isStored: true,
    };
  };
  const deliver = async (putEvents: NonNullable<AwsBehaviour['putEvents']>) => {
    aws = await openAws({ putEvents });
    const requestHandler = { requestTimeout: 500, throwOnRequestTimeout: true };
    const client = new EventBridgeClient({ ...aws.config, maxAttempts: 1, requestHandler });
    onTestFinished(() => client.destroy());
    return eventBusDelivery(client, { busName: 'bus', traceSamplePercent: 100 })(
      ['one', 'two', 'three'].map(entry),
    );
  };

  it('gets each fact as an event of the edge', async () => {
    expect(await deliver(() => undefined)).toEqual(Array(3).fill({ result: 'sent' }));
    expect(aws.requests[0]?.body).toMatchObject({
      Entries: [
        { EventBusName: 'bus', Source: 'switchroom.edge', DetailType: 'one', Detail: '{"type":"one"}' },
        {},
        {},
      ],
    });
  });

  it('gets the trace of a fact that is of a call', async () => {
    await deliver(() => undefined);
    const [request] = aws.requests as { body: { Entries: { TraceHeader?: string }[] } }[];
    expect(request?.body.Entries.map(({ TraceHeader }) => TraceHeader)).toEqual([
      undefined,
      `Root=${traceId};Sampled=1`,
      undefined,
    ]);
  });

  it('says of each entry whether it took it', async () => {
    const results = await deliver(() => ({
      FailedEntryCount: 2,
      Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }, { ErrorCode: 'MalformedDetail' }],
    }));
    expect(results.map(({ result }) => result)).toEqual(['sent', 'again', 'never']);
  });

  it('that answers for fewer than it got has not taken the rest', async () => {
    const results = await deliver(() => ({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] }));
    expect(results.map(({ result }) => result)).toEqual(['sent', 'again', 'again']);
  });
});
