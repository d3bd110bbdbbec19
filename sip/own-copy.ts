/**
 * V8 keeps a whole message alive for a part that was cut out of it: what outlives the message is kept as a copy.
 * @returns the same text, which holds no other
 */
export const ownCopy = (text: string): string => structuredClone(text);
