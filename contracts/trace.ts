import * as z from 'zod';

/*
 * One id stands in all that is said of one call: in the commands and facts of the edge, in every log line of edge and
 * functions, in the call's record, and in AWS X-Ray. A call keeps it over all its attempts and over a restart of the
 * edge's application; an INVITE that comes again later is a call of its own, with an id of its own.
 */

/** `1-{epoch seconds, 8 hex digits}-{24 hex digits}` (X-Ray developer guide, "Tracing header"). */
export const traceIdSchema = z.string().regex(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);

/**
 * @param isSampled whether X-Ray is to keep the trace
 * @returns the value of `X-Amzn-Trace-Id` and of `TraceHeader`. It names no parent: the edge records no segment itself.
 */
export function traceHeader(traceId: string, isSampled: boolean): string {
  return `Root=${traceId};Sampled=${isSampled ? 1 : 0}`;
}
