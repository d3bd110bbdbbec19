import { CommandError } from '../../command-line/command-error.ts';
import type { LocalCloud } from '../aws/cloud.ts';
import { agentUri } from '../aws/ecs/agent.ts';
import { type EcsService, readServices } from '../aws/ecs/services.ts';
import { containerNamed } from '../aws/ecs/task-definition.ts';
import type { ResolvedStack } from '../aws/template.ts';
import type { Console } from './console.ts';
import { appContainer, drachtioContainer, startEdge } from './edge.ts';
import type { Address, RunOptions } from './options.ts';
import { numbered } from './processes/numbered.ts';
import type { Supervised } from './processes/supervised.ts';
import type { Supervision } from './processes/supervision.ts';
import { type SipServer, startSipServer } from './sip-server.ts';

/* What a deployment has in each of its Availability Zones: an edge with its SIP server, a service of its own. */

export interface Zone {
  /** 1 is the first. */
  readonly number: number;
  /** Always the same, so that a new application takes over the calls of the one before. */
  readonly edgeId: string;
  readonly service: EcsService;
  readonly sipServer: SipServer;
}

/** The ports of a zone are so far from those of the zone before: 5061 is the port of TLS. */
const portStep = 10;

/** Where a zone takes SIP. @param first where the first one does; an open port is open for all of them */
export function sipOf({ host, port }: Address, number: number): Address {
  return { host, port: port === 0 ? 0 : port + (number - 1) * portStep };
}

/** The services of the edges, one a zone. @throws CommandError where the template has none */
export function edgeServices({ resources }: ResolvedStack): EcsService[] {
  const found = readServices(resources).filter(({ definition }) =>
    definition.containers.some(({ name }) => name === appContainer),
  );
  if (found.length === 0)
    throw new CommandError(`the template has no service with a container ${appContainer}`);
  return found;
}

/** Where the template has the secret of the edge's drachtio. @throws CommandError where it has none */
function drachtioSecretOf({ definition }: EcsService): string {
  const found = containerNamed(definition, drachtioContainer).secrets.DRACHTIO_SECRET;
  if (found === undefined)
    throw new CommandError('the template gives no secret to the container of drachtio');
  return found;
}

export interface ZoneParts {
  cloud: LocalCloud;
  dir: string;
  options: RunOptions;
  supervision: Supervision;
}

/** Starts the SIP server of a zone. @throws CommandError where it does not come up */
export async function openZone(service: EcsService, number: number, parts: ZoneParts): Promise<Zone> {
  const { cloud, dir, options, supervision } = parts;
  const sipServer = await startSipServer({
    choice: options.sipServer,
    number,
    sip: sipOf(options.sip, number),
    dir,
    secret: cloud.secrets.containerValue(drachtioSecretOf(service)),
    givenSecret: process.env.DRACHTIO_SECRET,
    supervision,
  });
  return { number, edgeId: numbered('local', number), service, sipServer };
}

/** Starts the edge of a zone. @param file its bundle @throws CommandError where it does not come up */
export function startZoneEdge(
  { number, edgeId, service, sipServer }: Zone,
  { cloud, dir, options, supervision }: ZoneParts,
  file: string,
  console: Console,
): Promise<Supervised> {
  const { definition, clusterName } = service;
  cloud.authorizeStart(definition);
  return startEdge({
    file,
    dir,
    edgeId,
    name: numbered('edge', number),
    definition,
    agentUri: agentUri(cloud.endpoint, definition.taskRole, clusterName, edgeId),
    secretValue: (from) => cloud.secrets.containerValue(from),
    sdkVariables: cloud.variablesOf(definition.taskRole),
    extraVariables: options.edge,
    sipServer,
    supervision,
    onTrouble: ({ level, msg, callId, outcome }) => {
      // What is lost because all of it ends is in the log.
      if (supervision.signal.aborted) return;
      const about = [callId && `call ${callId.slice(0, 8)}`, outcome].filter(Boolean).join(', ');
      const text = `${numbered('edge', number)}: ${msg}${about && ` (${about})`}`;
      console.trouble('edge.log', text, { level, callId, outcome });
    },
  });
}

/**
 * What the names of a stack mean for whoever asks: the edges of all zones have one name inside the network (AWS Cloud
 * Map), so gateways go to one after the other.
 */
export class EdgeNames {
  readonly #addresses = new Map<string, string[]>();
  #asked = 0;

  add({ service, sipServer }: Zone): void {
    const { dnsName } = service;
    if (dnsName === undefined) return;
    const { host, port } = sipServer.sip;
    this.#addresses.set(dnsName, [...(this.#addresses.get(dnsName) ?? []), `${host}:${port}`]);
  }

  /** @returns an address for each name: another one than for who asked before, where there are several */
  next(): Record<string, string> {
    this.#asked += 1;
    const entries = [...this.#addresses].map(([name, all]) => [name, all[this.#asked % all.length]]);
    return Object.fromEntries(entries);
  }
}
