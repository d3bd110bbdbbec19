import * as z from 'zod';
import { maxCallIdLength } from './common.ts';
import { mostStreams } from './media.ts';

/*
 * What SIPMediaGW posts to LOG_PUSH_URL when a call is over (its src/logParse.py, 564e7a5): a record of its own, of which
 * this is what is read here. Its numbers are those that baresip prints of each stream (`rtp_stats yes`), where `tx` is what
 * the gateway sent to the caller and `rx` what came from there. The rest of it is let pass.
 */

/** A record has 2 KB, and 60 bytes for each key that the caller pressed. */
export const maxMediaReportBytes = 64 * 1024;

/** Empty where it never saw that step. */
const time = z.union([z.iso.datetime(), z.literal('')]);
const moment = z.object({ timestamp: time.default('') }).default({ timestamp: '' });

const count = z.number().int().min(0).max(0xffff_ffff);
const sideSchema = z
  .object({
    packets: count,
    errors: count,
    /** Packets as of the last report by RTCP: those that `lostPackets` is of. */
    packetReports: count,
    /** Negative where packets came twice. Of what was sent baresip shows the 24 bits of RTCP without their sign. */
    lostPackets: z.number().int().min(-0x80_0000).max(0xff_ffff),
    jitterMs: z.number().min(0).max(10_000_000),
    avgBitrateKbps: z.number().min(0).max(100_000_000),
  })
  .partial()
  .default({});
export type ReportedSide = z.output<typeof sideSchema>;

const streamSchema = z.object({ tx: sideSchema, rx: sideSchema });

export const mediaReportSchema = z.object({
  call: z.object({
    callSession: z.object({ callEnd: moment }),
    details: z.object({
      /** Call-ID of the gateway's leg. */
      callId: z.string().max(maxCallIdLength).default(''),
      destination: z.object({
        /** The gateway's username. */
        destinationGw: z.string().max(128).default(''),
      }),
    }),
    mediaStats: z.object({ audio: streamSchema, video: z.array(streamSchema).max(mostStreams - 1) }),
  }),
});
export type MediaReport = z.output<typeof mediaReportSchema>;

/** `joined`: it stands in the record of the call. `known`: it did so before. `empty`: it says nothing of any stream. */
export const mediaReportResults = ['joined', 'known', 'empty'] as const;
