import type { Task } from '../task/task.ts';
import type { DeployedService } from './deployed.ts';
import type { TargetGroup } from './target-group.ts';

/** A task of a service, and where it is. */
export interface Member {
  task: Task;
  address: string;
  /** Epoch ms; 0 without protection. */
  protectedUntil: number;
}

/** Members with what the scheduler knows of them. */
interface Scheduled extends Member {
  deployment: number;
  startedAt: number;
  isLeaving: boolean;
}

const lookEveryMs = 500;
/** "healthCheckGracePeriodSeconds": so long a target that is not healthy yet is left alone. */
const graceMs = 60_000;

/**
 * A service of ECS with one task and rolling updates (100 and 200 percent), as its scheduler is documented: the new task
 * must be healthy before the old one goes, one that is protected stays, and stays a target; it is deregistered, the delay
 * is waited for, and then it gets SIGTERM. A running task that is no target is made one again.
 */
export class Service {
  readonly deployed: DeployedService;
  readonly #groups: readonly TargetGroup[];
  readonly #launch: (deployed: DeployedService) => Member;
  readonly #members = new Set<Scheduled>();
  readonly #timer: NodeJS.Timeout;
  #deployment = 1;
  /** Whether what ends is replaced: not where the zone is dead. */
  #isAlive = true;

  constructor(
    deployed: DeployedService,
    groups: readonly TargetGroup[],
    launch: (deployed: DeployedService) => Member,
  ) {
    this.deployed = deployed;
    this.#groups = groups;
    this.#launch = launch;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#look();
  }

  /** Starts an update: all tasks are replaced. */
  update(): void {
    this.#deployment += 1;
  }

  /** The zone dies, with all in it. */
  die(): void {
    this.#isAlive = false;
    for (const { task } of this.#members) task.kill();
  }

  /** Whether all of it is new and serves. */
  get isSteady(): boolean {
    const members = [...this.#members];
    return members.length === 1 && members.every((one) => this.#serves(one));
  }

  /** Addresses that the service's name answers by: of those whose containers are healthy. */
  get healthyAddresses(): string[] {
    return [...this.#members].flatMap(({ task, address }) => (task.isHealthy ? [address] : []));
  }

  get tasks(): readonly Task[] {
    return [...this.#members].map(({ task }) => task);
  }

  /** Addresses of its tasks. */
  get addresses(): readonly string[] {
    return [...this.#members].map(({ address }) => address);
  }

  /** A service may not have more protected tasks than it wants, which is one: another is refused (DEPLOYMENT_BLOCKED). */
  mayProtect(taskId: string): boolean {
    return ![...this.#members].some(
      ({ task, protectedUntil }) => task.id !== taskId && protectedUntil > Date.now(),
    );
  }

  deploymentOf(taskId: string): string | undefined {
    const found = [...this.#members].find(({ task }) => task.id === taskId);
    return found && this.#idOf(found.deployment);
  }

  /** As DescribeServices gives it. */
  get description(): object {
    const older = new Set([...this.#members].map(({ deployment }) => deployment));
    older.delete(this.#deployment);
    return {
      serviceName: this.deployed.name,
      status: 'ACTIVE',
      deployments: [
        { id: this.#idOf(this.#deployment), status: 'PRIMARY' },
        ...[...older].map((deployment) => ({ id: this.#idOf(deployment), status: 'ACTIVE' })),
      ],
    };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { task } of this.#members) task.kill();
  }

  #idOf(deployment: number): string {
    return `ecs-svc/${this.deployed.zone}00${deployment}`;
  }

  #look(): void {
    if (!this.#isAlive) return;
    const members = [...this.#members];
    const current = members.filter(({ deployment }) => deployment === this.#deployment);
    if (current.length === 0) this.#start();
    for (const member of members.filter(({ isLeaving }) => !isLeaving)) {
      for (const group of this.#groups) group.register(member.address);
      const isFailing = this.#groups.some((group) => group.stateOf(member.address) === 'unhealthy');
      if (isFailing && Date.now() - member.startedAt > graceMs) void this.#end(member);
    }
    if (!current.some((member) => this.#serves(member))) return;
    for (const member of members) {
      const isOld = member.deployment !== this.#deployment && !member.isLeaving;
      if (isOld && member.protectedUntil < Date.now()) void this.#end(member);
    }
  }

  #serves({ task, address, isLeaving }: Scheduled): boolean {
    const isTarget = this.#groups.every((group) => group.stateOf(address) === 'healthy');
    return !isLeaving && task.isHealthy && isTarget;
  }

  #start(): void {
    const launched = this.#launch(this.deployed);
    const member: Scheduled = Object.assign(launched, {
      deployment: this.#deployment,
      startedAt: Date.now(),
      isLeaving: false,
    });
    this.#members.add(member);
    void member.task.ended.then(() => {
      for (const group of this.#groups) group.deregister(member.address);
      this.#members.delete(member);
    });
  }

  async #end(member: Scheduled): Promise<void> {
    member.isLeaving = true;
    for (const group of this.#groups) group.deregister(member.address);
    const delaySec = Math.max(...this.#groups.map((group) => group.deregistrationDelaySec));
    await new Promise((resolve) => setTimeout(resolve, delaySec * 1000));
    await member.task.stop();
  }
}
