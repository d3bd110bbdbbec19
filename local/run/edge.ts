import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { containerNamed, type TaskDefinition } from '../aws/ecs/task-definition.ts';
import { freePort } from './ports.ts';
import { RunChild } from './processes/child-process.ts';
import { Supervised } from './processes/supervised.ts';
import type { Supervision } from './processes/supervision.ts';
import type { SipServer } from './sip-server.ts';

export interface EdgeOptions {
  /** The edge's bundle. */
  file: string;
  dir: string;
  edgeId: string;
  /** What people know it by, and its files. */
  name: string;
  /** The task that it is in AWS: its variables and its role. */
  definition: TaskDefinition;
  /** Where ECS's agent is for it. */
  agentUri: string;
  /** A variable that the template takes from Secrets Manager. */
  secretValue: (valueFrom: string) => string;
  /** What the SDK needs, in the task's role. */
  sdkVariables: Record<string, string>;
  /** From the command line. */
  extraVariables: Record<string, string>;
  sipServer: SipServer;
  supervision: Supervision;
  /** A warning or error in its log. */
  onTrouble: (line: EdgeLogLine) => void;
}

/** A line of the edge's log, as far as people want to see it. */
export interface EdgeLogLine {
  level: string;
  msg: string;
  callId?: string;
  outcome?: string;
}

/** The application's container in the edge's task. */
export const appContainer = 'app';
/** And the SIP server's. */
export const drachtioContainer = 'drachtio';

const startLimitMs = 15_000;
/** When the edge is asked to leave, the gateways have left already: there is nothing to wait long for. */
const drainLimitSec = 2;
const graceMs = 8000;

const isTrouble = /"level":"(warn|error|fatal)"/;

/** Starts the edge and keeps it up. @throws CommandError where it does not come up */
export async function startEdge(options: EdgeOptions): Promise<Supervised> {
  const { sipServer, dir, name } = options;
  const stateDir = join(dir, name);
  mkdirSync(stateDir, { recursive: true });
  const container = containerNamed(options.definition, appContainer);
  const secrets = Object.entries(container.secrets).map(([name, from]) => [name, options.secretValue(from)]);
  const environment = {
    PATH: process.env.PATH ?? '',
    EDGE_ID: options.edgeId,
    ...options.sdkVariables,
    ...container.environment,
    ...Object.fromEntries(secrets),
    ECS_AGENT_URI: options.agentUri,
    HEALTH_HOST: '127.0.0.1',
    HEALTH_PORT: String(await freePort()),
    HEALTH_SIP_ADDRESS: `${sipServer.sip.host}:${sipServer.sip.port}`,
    DRAIN_LIMIT_SEC: String(drainLimitSec),
    STATE_DIR: stateDir,
    DRACHTIO_ADDRESS: `${sipServer.admin.host}:${sipServer.admin.port}`,
    ...(sipServer.givenSecret !== undefined && { DRACHTIO_SECRET: sipServer.givenSecret }),
    ...options.extraVariables,
  };
  const supervised = new Supervised({
    name,
    startLimitMs,
    graceMs,
    supervision: options.supervision,
    start: () => {
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const child = new RunChild({
        name,
        file: process.execPath,
        args: ['--enable-source-maps', options.file, ...Object.keys(options.extraVariables)],
        environment,
        dir,
        log: `${name}.log`,
        onGroup: options.supervision.onGroup,
        onUnwritable: options.supervision.onUnwritable,
        onLine: (line) => {
          if (line.includes('"edge-ready"')) resolve();
          else if (isTrouble.test(line)) options.onTrouble(JSON.parse(line));
        },
      });
      return { child, ready };
    },
  });
  await supervised.start();
  return supervised;
}
