import { join, resolve } from 'node:path';
import { CommandError } from '../../command-line/command-error.ts';
import { defaultRunFile, type RunFile } from '../../command-line/run-file.ts';
import { readSynthesizedStack } from '../aws/assets/assets.ts';
import { type LocalCloud, startLocalCloud } from '../aws/cloud.ts';
import { randomStarts } from '../aws/ecs/start-plan.ts';
import { containerNamed } from '../aws/ecs/task-definition.ts';
import { region } from '../aws/identity.ts';
import { operatorToken } from './api-token.ts';
import type { Console } from './console.ts';
import { appContainer } from './edge.ts';
import { openRunDirectory } from './files/run-directory.ts';
import { claimRunFile, removeRunFile, writeRunFile } from './files/run-file.ts';
import { lookAtPool } from './first-look.ts';
import { gatewayCommand, RegisteredGateways } from './gateways.ts';
import type { RunOptions } from './options.ts';
import { checkAddress, ownAddresses } from './ports.ts';
import { keepLogsBounded } from './processes/bounded-logs.ts';
import { Reaper } from './processes/reaper.ts';
import { synthesize } from './synthesize.ts';
import { startTableEngine } from './table-engine.ts';
import { supervisionOf, tellOf, tellReady } from './tell.ts';
import { unwritable } from './unwritable.ts';
import {
  EdgeNames,
  edgeServices,
  openZone,
  sipOf,
  startZoneEdge,
  type Zone,
  type ZoneParts,
} from './zone.ts';

/** A gateway that has started registers within seconds; on a machine that is very busy, within a minute. */
const registerPatienceMs = 120_000;

/** One whole Switchroom on this machine. */
export class Switchroom {
  readonly #options: RunOptions;
  readonly #console: Console;
  readonly #startedAt = Date.now();
  /** How to stop what has started so far, last first. */
  readonly #teardown: (() => Promise<void> | void)[] = [];
  readonly #abort = new AbortController();
  #reaper: Reaper | undefined;
  #cloud: LocalCloud | undefined;
  #starting: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: RunOptions, console: Console) {
    this.#options = options;
    this.#console = console;
  }

  /**
   * Starts all of it, and returns when calls can come.
   * @throws CommandError; what has been started by then is for `stop` to end
   */
  start(): Promise<void> {
    this.#starting = this.#startAll();
    return this.#starting;
  }

  /** Stops all of it, in its order: gateways first, the table last. The same promise however often it is asked. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends every process now. */
  kill(): void {
    this.#reaper?.killAll();
  }

  async #startAll(): Promise<void> {
    const { signal } = this.#abort;
    const options = this.#options;
    const runFile = resolve(options.runFile ?? defaultRunFile);
    claimRunFile(runFile);
    if (options.sipServer.kind !== 'running') {
      for (let zone = 1; zone <= options.zones; zone += 1)
        await checkAddress('sip', sipOf(options.sip, zone), ['UDP', 'TCP']);
    }
    await checkAddress('aws', options.aws, ['TCP']);

    const directory = openRunDirectory(options.data);
    const { dir, keep } = directory;
    const reaper = new Reaper([runFile, ...(keep ? [] : [dir])]);
    this.#reaper = reaper;
    const endBounds = keepLogsBounded(join(dir, 'logs'), unwritable(this.#console.trouble));
    this.#teardown.push(() => reaper.close(), directory.remove, endBounds);

    const synthesized = await synthesize(options.settings, this.#console.say, signal);
    signal.throwIfAborted();
    const supervision = supervisionOf(this.#console, reaper, signal);

    const table = await startTableEngine({
      dir,
      keep,
      supervision: {
        ...supervision,
        onRestart: (name) => {
          supervision.onRestart(name);
          void this.#restoreTables();
        },
      },
    });
    this.#teardown.push(() => table.stop());
    signal.throwIfAborted();

    // Gateways are told where SIP is when they start, which is after the SIP server has said it.
    const names = new EdgeNames();
    const cloud = await startLocalCloud({
      dynamoDbEndpoint: table.endpoint,
      dir,
      keep,
      streamFile: options.records === undefined ? undefined : resolve(options.records),
      secret: options.secret,
      commandOf: (_definition, imageDirectory) => gatewayCommand(options.gatewayKind, imageDirectory()),
      names: () => names.next(),
      taskAddresses: ownAddresses,
      starts: randomStarts(options.startDelay, options.startFailureRate),
      host: options.aws.host,
      port: options.aws.port,
      onGroup: reaper.watch,
      onUnwritable: supervision.onUnwritable,
      onDamage: (what) => this.#console.trouble('data.damaged', what),
    });
    this.#cloud = cloud;
    this.#teardown.push(() => cloud.close());
    // What a run before this one left to be done starts gateways: not before there is an edge that they can register with.
    cloud.events.hold();
    const stack = await cloud.deploy(readSynthesizedStack(synthesized.directory, synthesized.stackName));
    signal.throwIfAborted();

    const parts: ZoneParts = { cloud, dir, options, supervision };
    const zones: Zone[] = [];
    for (const [index, service] of edgeServices(stack).entries()) {
      const zone = await openZone(service, index + 1, parts);
      this.#teardown.push(() => zone.sipServer.stop());
      signal.throwIfAborted();
      names.add(zone);
      zones.push(zone);
    }

    tellOf(cloud, this.#console);
    // The first REGISTER shall not pay for a cold start: gateways wait long before they try again.
    await cloud.functions.warm();
    signal.throwIfAborted();
    for (const zone of zones) {
      const edge = await startZoneEdge(zone, parts, synthesized.edgeFile, this.#console);
      this.#teardown.push(() => edge.stop());
      signal.throwIfAborted();
    }

    const [first] = zones as [Zone];
    const edgeVariables = containerNamed(first.service.definition, appContainer).environment;
    const gateways = new RegisteredGateways(cloud.buses, edgeVariables.GATEWAY_NAME ?? '', (what) => {
      if (!signal.aborted) this.#console.trouble('gateway.failed', what);
    });
    // Nobody acts on the leave of gateways any more, or the fleet would start others in their place.
    this.#teardown.push(
      () => cloud.tasks.close('the run ends'),
      () => cloud.events.hold(),
    );
    cloud.events.release();
    cloud.tasks.tellKept();
    await lookAtPool(cloud, stack, this.#console, signal);
    signal.throwIfAborted();

    const run: RunFile = {
      pid: process.pid,
      sip: first.sipServer.sip,
      edges: zones.map(({ edgeId, sipServer: { sip } }) => ({ edgeId, sip })),
      domain: edgeVariables.SIP_DOMAIN ?? '',
      awsEndpoint: cloud.endpoint,
      credentials: cloud.credentialsOf(),
      dynamoDbEndpoint: table.endpoint,
      region,
      outputs: stack.outputs,
      apiToken: await operatorToken(cloud, stack),
      logDir: join(dir, 'logs'),
    };
    writeRunFile(runFile, run);
    this.#teardown.push(() => removeRunFile(runFile));

    const patienceMs = registerPatienceMs + options.startDelay.toMs;
    await gateways.until(options.minFree, signal, patienceMs, this.#console.say);
    const startMs = Date.now() - this.#startedAt;
    tellReady(this.#console, run, { ...options, kind: first.sipServer.kind, startMs });
  }

  async #stopAll(): Promise<void> {
    // What is just being started first comes up, or fails, and then is on the list of what there is to stop.
    this.#abort.abort(new CommandError('stopped while starting', 0));
    await this.#starting.catch(() => undefined);
    for (const step of this.#teardown.reverse()) await step();
  }

  /** What was in memory is gone with the engine; the tables themselves must be there again. */
  async #restoreTables(): Promise<void> {
    try {
      await this.#cloud?.tables.restore();
    } catch (error) {
      this.#console.trouble('table.failed', `the table could not be made again: ${(error as Error).message}`);
    }
  }
}
