import { Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/*
 * The saved queries of CloudWatch Logs Insights. The fields stand in the log lines of the functions (Powertools) and
 * of the edge's application (pino): a test looks for each of them there.
 */

interface SavedQuery {
  name: string;
  /** Whose logs. */
  of: 'edge' | 'all';
  fields: readonly string[];
  /** What comes after the fields. */
  statements: readonly string[];
}

/** Stands where the Call-ID goes, or a trace id (contracts/trace.ts). */
const callIdPlaceholder = 'CALL-ID';

export const savedQueries = {
  callTimeline: {
    name: 'call-timeline',
    of: 'all',
    fields: [
      '@timestamp',
      'service',
      'edgeId',
      'event',
      'msg',
      'message',
      'result',
      'outcome',
      'gateway',
      'attempt',
      'traceId',
    ],
    statements: [
      // Not the lines that metrics are made of.
      `filter (callId = '${callIdPlaceholder}' or traceId = '${callIdPlaceholder}') and not ispresent(\`_aws.Timestamp\`)`,
      'sort @timestamp asc',
      'limit 1000',
    ],
  },
  failuresByOutcome: {
    name: 'failures-by-outcome',
    of: 'edge',
    // A call failed has `from`, a request refused at admission `address`: the same thing.
    fields: ['outcome', 'coalesce(from, address) as source'],
    statements: [
      "filter msg = 'call failed' or msg = 'INVITE refused' or (msg = 'request refused' and method = 'INVITE')",
      'stats count(*) as calls, count_distinct(source) as addresses by outcome',
      'sort calls desc',
    ],
  },
  slowestSetups: {
    name: 'slowest-setups',
    of: 'edge',
    fields: ['@timestamp', 'callId', 'setupMs', 'attempts', 'room', 'gateway', 'edgeId'],
    statements: ["filter msg = 'call over' and outcome = 'answered'", 'sort setupMs desc', 'limit 20'],
  },
} as const satisfies Record<string, SavedQuery>;

export const queryLines = ({ fields, statements }: SavedQuery): string[] => [
  `fields ${fields.join(', ')}`,
  ...statements,
];

export interface QueriesProps {
  edgeLog: logs.ILogGroup;
  functionLogs: readonly logs.ILogGroup[];
}

/** The queries under `{stack}/` in the console of Logs Insights. */
export class Queries extends Construct {
  constructor(scope: Construct, id: string, { edgeLog, functionLogs }: QueriesProps) {
    super(scope, id);
    for (const [key, query] of Object.entries(savedQueries)) {
      new logs.CfnQueryDefinition(this, key, {
        name: `${Stack.of(this).stackName}/${query.name}`,
        queryString: queryLines(query).join('\n| '),
        logGroupNames: [edgeLog, ...(query.of === 'all' ? functionLogs : [])].map(
          ({ logGroupName }) => logGroupName,
        ),
      });
    }
  }
}
