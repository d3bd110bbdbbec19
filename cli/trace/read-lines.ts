import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A line of the log of an edge or a function. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Fields in which a line names a call: that it is about, or that it has touched. */
const callFields = ['callId', 'lostCallId', 'matchedCallId', 'callIds'] as const;

const names = (line: LogLine, callId: string) =>
  callFields.some((field) => [line[field]].flat().includes(callId));

/** Metrics go by way of the log, too (`_aws`): what they say of a call, its other lines say. */
const isMetric = (line: LogLine) => '_aws' in line;

/** @returns when it was written, epoch ms: as pino has it, or as Powertools does */
export function timeOf({ time, timestamp }: LogLine): number {
  return typeof time === 'number' ? time : Date.parse(String(timestamp));
}

/** Passes on those lines of all logs that are JSON objects and contain one of the texts. */
async function* linesWith(logDir: string, texts: readonly string[]): AsyncGenerator<LogLine> {
  for (const name of readdirSync(logDir).filter((one) => one.endsWith('.log'))) {
    for await (const text of createInterface({ input: createReadStream(join(logDir, name)) })) {
      if (!text.startsWith('{') || !texts.some((one) => text.includes(one))) continue;
      const line = parse(text);
      if (line !== undefined && !isMetric(line)) yield line;
    }
  }
}

/** A line may be cut where its process was killed. */
function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}

/** As it stands within JSON. */
const escaped = (text: string) => JSON.stringify(text).slice(1, -1);

/**
 * Reads what edge and functions logged of one call: the lines that name it, and those that share a trace id with them.
 * The same Call-ID may have come twice, and has then as many trace ids.
 * @param logDir of a run; its files may be large, so they are read line by line
 * @returns the lines, oldest first
 */
export async function readLinesOfCall(logDir: string, callId: string): Promise<LogLine[]> {
  const traceIds = new Set<string>();
  for await (const line of linesWith(logDir, [escaped(callId)])) {
    if (line.callId === callId && typeof line.traceId === 'string') traceIds.add(line.traceId);
  }
  const lines: LogLine[] = [];
  for await (const line of linesWith(logDir, [escaped(callId), ...traceIds])) {
    if (names(line, callId) || traceIds.has(String(line.traceId))) lines.push(line);
  }
  return lines.sort((one, other) => timeOf(one) - timeOf(other));
}
