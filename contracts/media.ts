import * as z from 'zod';

/*
 * How the media of a call went, stream by stream, as its gateway counted it. `sent`: to the caller, whose own count comes
 * back by RTCP (RFC 3550 6.4.1). `received`: from the caller.
 */

/** More than a gateway has: one of audio, one of video, one of slides. */
export const mostStreams = 9;

const wholeNumber = z.number().int().nonnegative();

const mediaSideSchema = z.object({
  packets: wholeNumber.optional(),
  /** Packets that did not arrive. Not known without RTCP, as is what follows from it. */
  lost: wholeNumber.optional(),
  lossPercent: z.number().min(0).max(100).optional(),
  /** At the last report before the end (RFC 3550 6.4.1). */
  jitterMs: z.number().nonnegative().optional(),
  bitrateKbps: z.number().nonnegative().optional(),
  /** Packets that could not be sent, or read. */
  errors: wholeNumber.optional(),
});
export type MediaSide = z.infer<typeof mediaSideSchema>;

const mediaStreamSchema = z.object({
  kind: z.enum(['audio', 'video']),
  sent: mediaSideSchema.optional(),
  received: mediaSideSchema.optional(),
});
export type MediaStream = z.infer<typeof mediaStreamSchema>;

/** @param time how times are written */
export const callMediaSchema = <T extends z.ZodType>(time: T) =>
  z.object({
    /** When the gateway told it. */
    reportedAt: time,
    streams: z.array(mediaStreamSchema).min(1).max(mostStreams),
  });
