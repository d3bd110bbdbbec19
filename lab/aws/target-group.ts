import { get } from 'node:http';
import type { Json, JsonObject, Resource } from '../../local/aws/template.ts';

/** "Target health status" of the load balancer. */
type State = 'initial' | 'healthy' | 'unhealthy' | 'draining';

interface Target {
  state: State;
  /** Checks in a row that went as the last one did. */
  inARow: number;
  lastWasGood: boolean;
}

const attributesOf = (properties: JsonObject) =>
  new Map(
    ((properties.TargetGroupAttributes ?? []) as { Key: string; Value: Json }[]).map(({ Key, Value }) => [
      Key,
      String(Value),
    ]),
  );

/** A target group as its resource says: who takes new flows, by checks as often and as many as there. */
export class TargetGroup {
  readonly arn: string;
  readonly port: number;
  readonly protocols: readonly string[];
  readonly deregistrationDelaySec: number;
  readonly #properties: JsonObject;
  readonly #node: string;
  readonly #onChange: () => void;
  readonly #targets = new Map<string, Target>();
  readonly #timer: NodeJS.Timeout;

  /** @param node address that checks come from @param onChange other targets take new flows */
  constructor({ ref, properties }: Resource, node: string, onChange: () => void) {
    this.arn = ref;
    this.port = Number(properties.Port);
    this.protocols = String(properties.Protocol).toLowerCase().split('_').reverse();
    this.deregistrationDelaySec = Number(
      attributesOf(properties).get('deregistration_delay.timeout_seconds') ?? 300,
    );
    this.#properties = properties;
    this.#node = node;
    this.#onChange = onChange;
    const intervalMs = Number(properties.HealthCheckIntervalSeconds ?? 30) * 1000;
    this.#timer = setInterval(() => this.#checkAll(), intervalMs);
  }

  /** Those that take new flows; where none is healthy, all (the load balancer "fails open"). */
  get serving(): string[] {
    const inState = (...states: State[]) =>
      [...this.#targets].flatMap(([address, { state }]) => (states.includes(state) ? [address] : []));
    const healthy = inState('healthy');
    return healthy.length > 0 ? healthy : inState('initial', 'unhealthy');
  }

  stateOf(address: string): State | 'unused' {
    return this.#targets.get(address)?.state ?? 'unused';
  }

  get described(): { address: string; state: State }[] {
    return [...this.#targets].map(([address, { state }]) => ({ address, state }));
  }

  /** A target that is there already stays as it is; one that drains begins anew. */
  register(address: string): void {
    const known = this.#targets.get(address);
    if (known !== undefined && known.state !== 'draining') return;
    this.#targets.set(address, { state: 'initial', inARow: 0, lastWasGood: false });
    this.#onChange();
  }

  /** It takes no new flow from now on, and is forgotten after the delay. */
  deregister(address: string): void {
    const target = this.#targets.get(address);
    if (target === undefined || target.state === 'draining') return;
    target.state = 'draining';
    setTimeout(() => {
      if (this.#targets.get(address) === target && target.state === 'draining') this.#targets.delete(address);
    }, this.deregistrationDelaySec * 1000).unref();
    this.#onChange();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #checkAll(): void {
    for (const address of this.#targets.keys()) void this.#check(address);
  }

  async #check(address: string): Promise<void> {
    const target = this.#targets.get(address);
    if (target === undefined || target.state === 'draining') return;
    const isGood = await this.#ask(address);
    target.inARow = isGood === target.lastWasGood ? target.inARow + 1 : 1;
    target.lastWasGood = isGood;
    const { HealthyThresholdCount, UnhealthyThresholdCount } = this.#properties;
    const needed = Number((isGood ? HealthyThresholdCount : UnhealthyThresholdCount) ?? 3);
    const state = isGood ? 'healthy' : 'unhealthy';
    if (target.inARow < needed || target.state === state || stateIsFinal(target)) return;
    target.state = state;
    this.#onChange();
  }

  #ask(host: string): Promise<boolean> {
    const { HealthCheckPort: port, HealthCheckPath, HealthCheckTimeoutSeconds } = this.#properties;
    const signal = AbortSignal.timeout(Number(HealthCheckTimeoutSeconds ?? 6) * 1000);
    const asked = {
      host,
      port: Number(port),
      path: String(HealthCheckPath),
      localAddress: this.#node,
      signal,
    };
    return new Promise((resolve) => {
      get(asked, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).on('error', () => resolve(false));
    });
  }
}

/** It was deregistered while it was asked. */
const stateIsFinal = ({ state }: Target) => state === 'draining';
