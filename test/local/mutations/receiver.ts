import type { Send } from '../../../local/aws/events/api-destinations.ts';

/* Whom webhookUrl names. */

export interface Received {
  url: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** What it was sent, and what it answers. */
export const receiver: { received: Received[]; status: number } = { received: [], status: 200 };

export const receive: Send = async (url, headers, body) => {
  receiver.received.push({ url, headers, body: JSON.parse(body) });
  return receiver.status;
};
