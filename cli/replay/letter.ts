import * as z from 'zod';

/*
 * A dead letter is an event that a queue's function failed on again and again, or that EventBridge could not hand to the
 * queue: then it says why.
 */

export interface Letter {
  /** In a word: the fact's type. */
  what: string;
  callId?: string;
  why?: string;
}

/** A message of the queue, as far as it is read. */
export interface Message {
  body: string;
  /** Message attributes, as text. */
  attributes: Readonly<Record<string, string>>;
}

const eventSchema = z.object({
  'detail-type': z.string(),
  detail: z.object({ callId: z.string().optional() }),
});

/** @returns undefined for what is no event */
export function readLetter({ body, attributes }: Message): Letter | undefined {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = eventSchema.safeParse(content);
  if (!parsed.success) return undefined;
  const { callId } = parsed.data.detail;
  const why = [attributes.ERROR_CODE, attributes.ERROR_MESSAGE].filter(Boolean).join(': ');
  return {
    what: parsed.data['detail-type'],
    ...(callId !== undefined && { callId }),
    ...(why !== '' && { why }),
  };
}
