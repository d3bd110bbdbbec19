import * as z from 'zod';
import { epochMsSchema } from './common.ts';

/*
 * A SIP message of a call in short, as its edge took it or sent it: no header, no body, nothing that a password could be in.
 * What the SIP server does by itself is not among them: 100, retransmissions, the ACK of a refusal.
 */

/** In one fact; of more, those in the middle are left out. */
export const mostMessagesTold = 40;

/** Those that the edge relays and answers have capital letters alone. */
export const sipMethod = /^[A-Z]{1,20}$/;

/** @param time how times are written */
export const sipMessageSchema = <T extends z.ZodType>(time: T) =>
  z.object({
    at: time,
    /** With whom. */
    leg: z.enum(['caller', 'gateway']),
    /** By the edge. */
    direction: z.enum(['received', 'sent']),
    /** Of a response: of the request that it answers (CSeq). */
    method: z.string().regex(sipMethod),
    /** Of a response. */
    status: z.number().int().min(100).max(699).optional(),
  });

const messageSchema = sipMessageSchema(epochMsSchema);
export type SipMessage = z.infer<typeof messageSchema>;

const toldMessagesSchema = z.object({
  messages: z.array(messageSchema).max(mostMessagesTold).optional(),
  /** How many more there were. */
  messagesLeftOut: z.number().int().min(1).optional(),
});
/** What a fact of a call tells of its messages: those since the fact before, the oldest first. */
export type ToldMessages = z.infer<typeof toldMessagesSchema>;
export const toldMessages = toldMessagesSchema.shape;
