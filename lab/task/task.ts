import { spawn } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inNamespace } from '../network/commands.ts';
import { agentAddress } from '../network/plan.ts';
import { Container, imageUserId } from './container.ts';
import type { ContainerDefinition, HealthCheck } from './definition.ts';
import { readDockerfile } from './dockerfile.ts';

export interface TaskOptions {
  id: string;
  namespace: string;
  hostname: string;
  /** Its own directory, for logs and volumes. */
  dir: string;
  containers: readonly ContainerDefinition[];
  /** @returns the build context of an image of ours, undefined for one of a registry */
  contextOf: (image: string) => string | undefined;
  secretValue: (valueFrom: string) => string;
  /** What the lab gives in the place of what is not of this machine: endpoints of AWS. */
  environment: Record<string, string>;
  /** SOURCE=TARGET of the SIP server, in the place of the registry's image. */
  sipServer: readonly string[];
}

const imagePath = '/image/bin';
/** How long a container that comes back must have run ("restartAttemptPeriod"); in the lab it is always tried. */
const restartPauseMs = 1000;

/** A task on Fargate: its containers in one network, from the first's start to the last's end. */
export class Task {
  readonly id: string;
  readonly ended: Promise<void>;
  #isHealthy = false;
  #isStopping = false;
  #end: () => void = () => {};
  readonly #options: TaskOptions;
  readonly #running = new Map<string, Container>();
  #healthTimer: NodeJS.Timeout | undefined;

  constructor(options: TaskOptions) {
    this.id = options.id;
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    mkdirSync(options.dir, { recursive: true });
    for (const container of options.containers) this.#start(container);
  }

  /** As its containers' own checks say. */
  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Ends the containers in the reverse of the order in which they started. */
  async stop(): Promise<void> {
    if (this.#isStopping) return this.ended;
    this.#isStopping = true;
    clearInterval(this.#healthTimer);
    for (const { name, stopTimeoutSec } of this.#options.containers.toReversed()) {
      await this.#running.get(name)?.stop(stopTimeoutSec);
    }
    this.#end();
  }

  /** Its machine dies. */
  kill(): void {
    this.#isStopping = true;
    clearInterval(this.#healthTimer);
    for (const container of this.#running.values()) container.kill();
    this.#end();
  }

  #start(definition: ContainerDefinition): void {
    const { dir, namespace, hostname, contextOf, secretValue, environment, id, sipServer } = this.#options;
    const context = contextOf(definition.image);
    const image = context === undefined ? undefined : readDockerfile(context);
    const volumes = Object.entries(definition.volumes).map(([volume, path]) => {
      const source = join(dir, `volume-${volume}`);
      mkdirSync(source, { recursive: true });
      // As Fargate does it where the image declares the volume: owner and mode are the image's.
      if (image?.hasUser) chownSync(source, imageUserId, imageUserId);
      return `${source}=${path}`;
    });
    const programs =
      image === undefined
        ? sipServer
        : [
            `${dirname(process.execPath)}=${imagePath}`,
            ...image.files.map((one) => `${one.source}=${one.target}`),
          ];
    const secrets = Object.entries(definition.secrets).map(([name, from]) => [name, secretValue(from)]);
    const container = new Container({
      name: definition.name,
      namespace,
      hostname,
      dir,
      command: [
        ...(definition.entryPoint.length > 0 ? definition.entryPoint : (image?.entryPoint ?? [])),
        ...definition.command,
      ],
      environment: {
        PATH: `${imagePath}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        // As every runtime of containers sets it, whether or not the directory is there.
        HOME: image?.hasUser ? '/home/user' : '/root',
        ...image?.environment,
        ...environment,
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/v2/credentials/${id}`,
        ECS_AGENT_URI: `http://${agentAddress}/api/${id}`,
        ECS_CONTAINER_METADATA_URI_V4: `http://${agentAddress}/v4/${id}`,
        ...definition.environment,
        ...Object.fromEntries(secrets),
      },
      files: [...programs, ...volumes],
      hasUser: image?.hasUser ?? false,
    });
    this.#running.set(definition.name, container);
    void container.exited.then(() => this.#onExit(definition));
    if (definition.healthCheck) this.#watch(definition.healthCheck);
  }

  #onExit(definition: ContainerDefinition): void {
    if (this.#isStopping) return;
    if (definition.restarts) setTimeout(() => !this.#isStopping && this.#start(definition), restartPauseMs);
    else if (definition.essential) void this.stop();
  }

  #watch({ command, intervalSec, timeoutSec, retries, startPeriodSec }: HealthCheck): void {
    let failures = 0;
    const startedAt = performance.now();
    clearInterval(this.#healthTimer);
    this.#healthTimer = setInterval(() => {
      const [file = '', ...args] = inNamespace(this.#options.namespace, command);
      const environment = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
      const check = spawn(file, args, { env: environment, stdio: 'ignore', timeout: timeoutSec * 1000 });
      check.once('exit', (code) => {
        failures = code === 0 ? 0 : failures + 1;
        if (code === 0) this.#isHealthy = true;
        const isStarting = performance.now() - startedAt < startPeriodSec * 1000;
        // ECS replaces a task that is unhealthy.
        if (failures >= retries && !isStarting) {
          this.#isHealthy = false;
          void this.stop();
        }
      });
    }, intervalSec * 1000);
  }
}
