import * as z from 'zod';
import { callRecordType } from '../../contracts/call-record.ts';
import { factTypes } from '../../contracts/facts.ts';
import { operatorFactType } from '../../contracts/operator-fact.ts';
import { listOf, orEmpty, secretArn, wholeNumber } from '../setting-types.ts';

/** All that the bus tells (docs/events.md). */
const told = z.enum([...factTypes, callRecordType, operatorFactType]);

/** What others are given of what happens (docs/deploy.md). */
export const exportSettings = {
  /**
   * How long the records of calls are kept in an S3 bucket of the stack, as NDJSON by Firehose, in days. 0: none are
   * written there, and there is no bucket.
   */
  recordExportDays: wholeNumber(0, 3650).default(0),
  /** Where facts are sent by POST, each for itself, an HTTPS address; `npm start` also takes http://127.0.0.1. Empty: nowhere. */
  webhookUrl: orEmpty(
    /^(https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?|http:\/\/127\.0\.0\.1:\d{1,5})(\/[-A-Za-z0-9._~!$&'()+,;=:@%/?]*)?$/,
    'must be an HTTPS address',
  ),
  /** Which facts are sent there, comma separated (docs/events.md). */
  webhookFacts: listOf(told).default([callRecordType]),
  /** The header of those requests that shows who sends them. */
  webhookHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,128}$/, 'must be the name of a header')
    .default('authorization'),
  /** ARN of a secret whose text is that header's value. Empty: the stack makes one (output WebhookSecretName). */
  webhookSecretArn: orEmpty(secretArn, 'must be the whole ARN of a secret'),
};
