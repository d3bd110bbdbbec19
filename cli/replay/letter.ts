import * as z from 'zod';

/*
 * The two kinds of dead letters: what Lambda writes of an asynchronous invocation that failed for good, and what
 * EventBridge could not deliver to a target.
 */

/** What is asked of whom again, and why it failed. */
export interface Letter {
  /** ARN of the function. */
  functionArn: string;
  /** JSON text. */
  payload: string;
  /** In a word: the fact's type. */
  what: string;
  callId?: string;
  why: string;
}

/** A message of the queue, as far as it is read. */
export interface Message {
  body: string;
  /** Message attributes, as text. */
  attributes: Readonly<Record<string, string>>;
}

/** Lambda developer guide, "Retaining records of asynchronous invocations". */
const failureRecordSchema = z.object({
  requestContext: z.object({ functionArn: z.string(), condition: z.string() }),
  requestPayload: z.json(),
  responsePayload: z
    .object({ errorType: z.string().optional(), errorMessage: z.string().optional() })
    .nullish(),
});

const eventSchema = z.object({
  'detail-type': z.string(),
  detail: z.object({ callId: z.string().optional() }).optional(),
});

function about(event: unknown): Pick<Letter, 'what' | 'callId'> {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) return { what: 'unknown' };
  const callId = parsed.data.detail?.callId;
  return { what: parsed.data['detail-type'], ...(callId !== undefined && { callId }) };
}

/** Without `:$LATEST`, which is invoked anyway and which a permission need not name. */
const unqualified = (functionArn: string) => functionArn.split(':').slice(0, 7).join(':');

/** @returns undefined for what is neither kind */
export function readLetter({ body, attributes }: Message): Letter | undefined {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return undefined;
  }
  const record = failureRecordSchema.safeParse(content);
  if (record.success) {
    const { requestContext, requestPayload, responsePayload } = record.data;
    const { errorType, errorMessage } = responsePayload ?? {};
    return {
      functionArn: unqualified(requestContext.functionArn),
      payload: JSON.stringify(requestPayload),
      ...about(requestPayload),
      why: [errorType, errorMessage].filter(Boolean).join(': ') || requestContext.condition,
    };
  }
  const target = attributes.TARGET_ARN;
  if (!target?.includes(':function:')) return undefined;
  const why = [attributes.ERROR_CODE, attributes.ERROR_MESSAGE].filter(Boolean).join(': ');
  return { functionArn: unqualified(target), payload: body, ...about(content), why };
}
