import type { SipMessage, ToldMessages } from '../../../contracts/sip-message.ts';
import type { Call } from './call.ts';

/** @returns the call with what a fact tells of its SIP messages, once, whatever order the facts come in */
export function withMessages(call: Call, { messages: told = [], messagesLeftOut = 0 }: ToldMessages): Call {
  const known = call.messages ?? [];
  const seen = new Set(known.map(keyOf));
  const fresh = told.filter((one) => !seen.has(keyOf(one)));
  if (fresh.length === 0) return call;
  // In a millisecond they keep the order of their fact, and of two facts that of the earlier one comes first.
  const isLater = startOf(known) <= startOf(fresh);
  const messages = (isLater ? [...known, ...fresh] : [...fresh, ...known]).sort((a, b) => a.at - b.at);
  const leftOut = (call.messagesLeftOut ?? 0) + messagesLeftOut;
  return { ...call, messages, ...(leftOut > 0 && { messagesLeftOut: leftOut }) };
}

const startOf = (messages: readonly SipMessage[]) => messages[0]?.at ?? 0;

const keyOf = ({ at, leg, direction, method, status }: SipMessage) =>
  [at, leg, direction, method, status].join(' ');
