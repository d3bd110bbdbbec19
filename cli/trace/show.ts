import { table } from '../switchroom/show/table.ts';
import { type LogLine, timeOf } from './read-lines.ts';

/* A call's log lines as text for people. */

/** What has a column of its own, or tells of the process and not of the call. */
const shownElsewhere: ReadonlySet<string> = new Set([
  'level',
  'time',
  'timestamp',
  'msg',
  'message',
  'service',
  'edgeId',
  'callId',
  'traceId',
  'pid',
  'hostname',
  'sampling_rate',
  'xray_trace_id',
  'cold_start',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
]);

const who = ({ service, edgeId }: LogLine) => String(service ?? `edge ${edgeId ?? ''}`.trim());

function details(line: LogLine): string {
  return Object.entries(line)
    .filter(([name, value]) => !shownElsewhere.has(name) && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' ');
}

/** @param lines of the call, oldest first */
export function show(lines: readonly LogLine[], callId: string): string {
  const [first] = lines;
  if (first === undefined) {
    return `No log line names ${callId}: the whole Call-ID is needed, and only this run's logs are looked at.`;
  }
  const start = timeOf(first);
  const traceIds = new Set(lines.flatMap(({ traceId }) => (typeof traceId === 'string' ? [traceId] : [])));
  const head = [
    `Call-ID  ${callId}`,
    ...[...traceIds].map((traceId) => `trace    ${traceId}`),
    `from     ${new Date(start).toISOString()}`,
  ];
  const rows = lines.map((line) => [
    `+${timeOf(line) - start} ms`,
    who(line),
    String(line.msg ?? line.message ?? ''),
    details(line),
  ]);
  return `${head.join('\n')}\n\n${table(['AFTER', 'WHO', 'WHAT', 'DETAILS'], rows)}`;
}
