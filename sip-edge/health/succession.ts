import { DescribeServicesCommand, type ECSClient } from '@aws-sdk/client-ecs';
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clock, Log } from '../ports.ts';
import { findOwnTask, type OwnTask } from './own-task.ts';

/**
 * After it has left the target groups an edge goes on taking calls for so long: until every node of the load balancer
 * knows, and ECS may have registered it once more meanwhile.
 */
const leavesInMs = 60_000;

export interface SuccessionParts {
  ecs: ECSClient;
  loadBalancing: ElasticLoadBalancingV2Client;
  /** `ECS_CONTAINER_METADATA_URI_V4`. */
  metadataUri: string;
  /** ARNs of the groups that the service is the target of. */
  targetGroups: readonly string[];
  intervalMs: number;
  /** Whether an operator drains this edge. */
  isDraining: () => boolean;
  clock: Clock;
  log: Log;
}

/**
 * Takes an edge out of its target groups where it is superseded or drained. Superseded: its service has a newer deployment, whose edge the load balancer finds healthy.
 * ECS ends the old one only when its calls are over, and until then it would stay a target and get new ones. So it leaves
 * the target groups itself, which keeps the flows of its calls, and leaves again and again: ECS registers a running task
 * anew (containers-roadmap#251). Where the newer one fails, or the drain is over, it is a target again.
 */
export class Succession {
  readonly #parts: SuccessionParts;
  readonly #timer: NodeJS.Timeout;
  #own: OwnTask | undefined;
  #leftAt: number | undefined;
  #isAsking = false;

  constructor(parts: SuccessionParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#look(), parts.intervalMs);
  }

  /** Whether new calls are other edges': those that come here nevertheless have a flow of before. */
  get isOver(): boolean {
    return this.#leftAt !== undefined && this.#parts.clock.now() - this.#leftAt >= leavesInMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { ecs, metadataUri, log } = this.#parts;
    const isDraining = this.#parts.isDraining();
    // An operator's word holds also where AWS does not answer.
    if (isDraining) this.#begin('edge-leaves', 'an operator drains it');
    try {
      this.#own ??= await findOwnTask(ecs, metadataUri);
      if (!isDraining && !(await this.#hasSuccessor(this.#own))) {
        if (this.#leftAt !== undefined) log.info({ event: 'edge-reinstated' }, 'it takes the calls again');
        this.#leftAt = undefined;
        return;
      }
      await this.#leave(this.#own);
      this.#begin('edge-superseded', 'a newer edge takes the calls');
    } catch (error) {
      log.warn({ event: 'succession-unknown', error }, 'whether there is a newer edge is not known');
    } finally {
      this.#isAsking = false;
    }
  }

  #begin(event: string, text: string): void {
    if (this.#leftAt !== undefined) return;
    this.#leftAt = this.#parts.clock.now();
    this.#parts.log.info({ event }, text);
  }

  async #hasSuccessor(own: OwnTask): Promise<boolean> {
    const { cluster, service, deployment } = own;
    const { services } = await this.#parts.ecs.send(
      new DescribeServicesCommand({ cluster, services: [service] }),
    );
    const primary = services?.[0]?.deployments?.find(({ status }) => status === 'PRIMARY');
    if (primary === undefined || primary.id === deployment) return false;
    const isServed = await Promise.all(
      this.#parts.targetGroups.map((group) => this.#hasOtherTarget(group, own)),
    );
    return isServed.every(Boolean);
  }

  async #hasOtherTarget(group: string, { addresses }: OwnTask): Promise<boolean> {
    const { TargetHealthDescriptions = [] } = await this.#parts.loadBalancing.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: group }),
    );
    return TargetHealthDescriptions.some(
      ({ Target, TargetHealth }) =>
        TargetHealth?.State === 'healthy' && !addresses.includes(Target?.Id ?? ''),
    );
  }

  async #leave({ addresses }: OwnTask): Promise<void> {
    const { loadBalancing, targetGroups } = this.#parts;
    const Targets = addresses.map((Id) => ({ Id }));
    await Promise.all(
      targetGroups.map((TargetGroupArn) =>
        loadBalancing.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets })),
      ),
    );
  }
}
