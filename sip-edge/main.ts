import { join } from 'node:path';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pino from 'pino';
import { leanClient } from '../aws-client/lean-client.ts';
import { EdgeApp } from './app.ts';
import { EndpointSecret } from './auth/endpoint-accounts.ts';
import { SipSecret } from './auth/sip-secret.ts';
import type { WatchedSecretOptions } from './auth/watched-secret.ts';
import { CallHandler } from './call/handler.ts';
import { CallJournal } from './call/journal.ts';
import { Flow } from './control-plane/flow/flow.ts';
import { keepWarm } from './control-plane/keep-warm.ts';
import { LambdaControlPlane } from './control-plane/lambda-control-plane.ts';
import { WatchedControlPlane } from './control-plane/watched-control-plane.ts';
import { HealthEndpoint } from './health/health-endpoint.ts';
import { ownAddress, probeByOptions } from './health/options-probe.ts';
import { Succession } from './health/succession.ts';
import { TaskProtection } from './health/task-protection.ts';
import { eventBusDelivery } from './outbox/event-bus.ts';
import { Outbox } from './outbox/outbox.ts';
import { FactStore } from './outbox/store.ts';
import { systemClock as clock, type Log, steadyClock } from './ports.ts';
import { readSettings, type Settings, SettingsError } from './settings.ts';
import { type StopStep, stopInOrder } from './stop.ts';
import { EdgeMetrics } from './telemetry/edge-metrics.ts';

/*
 * The edge's process. It logs JSON lines to standard output; `{"event":"edge-ready"}` says that it serves.
 * Its arguments are the names of variables that somebody set by hand, so that a slip in a name is told.
 * SIGTERM drains: no new calls, those in progress go on up to DRAIN_LIMIT_SEC, then it exits with 0.
 */

const connectTimeoutMs = 1000;
/** One batch of facts. */
const deliveryTimeoutMs = 5000;
/** One question of `Succession`. */
const successionTimeoutMs = 3000;
/** What the bus does not take in this time is sent after the next start. */
const lastFactsMs = 3000;

function logger(settings: Pick<Settings, 'logLevel' | 'edgeId'>): pino.Logger {
  return pino({
    level: settings.logLevel,
    base: { edgeId: settings.edgeId },
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  });
}

function controlPlaneOf(settings: Settings, flow: Flow): LambdaControlPlane {
  const agent = { keepAlive: true, maxSockets: settings.commandSockets };
  const client = new LambdaClient({
    ...leanClient,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: settings.commandTimeoutMs + 1000,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return new LambdaControlPlane(client, settings, { flow, clock, random: Math.random });
}

function eventBridgeClient(): EventBridgeClient {
  return new EventBridgeClient({
    ...leanClient,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: deliveryTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
}

function watchSuccession(settings: Settings, isDraining: () => boolean, log: Log): Succession | undefined {
  const { ecsContainerMetadataUriV4: metadataUri, targetGroups, successionPollSec } = settings;
  if (metadataUri === undefined || targetGroups.length === 0) return undefined;
  const patience = { connectionTimeout: connectTimeoutMs, requestTimeout: successionTimeoutMs };
  const options = { maxAttempts: 1, requestHandler: { ...patience, throwOnRequestTimeout: true } };
  return new Succession({
    ecs: new ECSClient(options),
    loadBalancing: new ElasticLoadBalancingV2Client(options),
    metadataUri,
    targetGroups,
    intervalMs: successionPollSec * 1000,
    isDraining,
    clock: steadyClock,
    log,
  });
}

async function openHealth(settings: Settings, log: Log): Promise<HealthEndpoint | undefined> {
  const { healthHost: host, healthPort: port, healthSipAddress, healthTimeoutMs, sipDomain } = settings;
  if (port === undefined) return undefined;
  const address = healthSipAddress ?? { host: ownAddress(), port: 5060 };
  const probe = () => probeByOptions({ address, domain: sipDomain, patienceMs: healthTimeoutMs });
  return HealthEndpoint.open({ host, port, probe, clock: steadyClock, log });
}

async function start(settings: Settings, log: Log): Promise<void> {
  const { sipSecretArn, endpointsSecretArn, gatewayName } = settings;
  const client = new SecretsManagerClient({});
  const watched = (secretId: string): WatchedSecretOptions => ({
    client,
    secretId,
    refreshSec: settings.secretRefreshSec,
    mismatchRefreshSec: settings.secretMismatchRefreshSec,
    clock: steadyClock,
    log,
  });
  const secrets = await SipSecret.load(watched(sipSecretArn));
  const endpoints = endpointsSecretArn
    ? await EndpointSecret.load(watched(endpointsSecretArn), gatewayName)
    : undefined;
  const outbox = new Outbox({
    openStore: (onLeftOver) => new FactStore(join(settings.stateDir, 'outbox.log'), log, onLeftOver),
    maxBytes: settings.outboxMaxBytes,
    edgeId: settings.edgeId,
    deliver: eventBusDelivery(eventBridgeClient(), settings),
    clock,
    log,
  });
  const succession = watchSuccession(settings, () => app.isDrainedByOperator, log);
  const flow = new Flow(steadyClock, log);
  const controlPlane = controlPlaneOf(settings, flow);
  const coolDown = keepWarm(() => controlPlane.touch(), log);
  const metrics = new EdgeMetrics({
    stackName: settings.stackName,
    edgeId: settings.edgeId,
    everySec: settings.metricsIntervalSec,
    gauges: {
      EdgeCalls: () => app.activeCalls,
      HalfOpenCalls: () => app.halfOpenCalls,
      FactDelay: () => outbox.delayMs / 1000,
      CommandTime: () => flow.takeLongestMs(),
    },
    clock,
    write: (line) => process.stdout.write(line),
  });
  const app: EdgeApp = new EdgeApp({
    settings,
    controlPlane: new WatchedControlPlane(controlPlane, steadyClock, metrics),
    facts: outbox,
    secrets,
    endpoints,
    clock,
    steadyClock,
    log,
    meter: metrics,
    hasLeft: succession && (() => succession.isOver),
    createCalls: (parts) =>
      new CallHandler({
        ...parts,
        journal: new CallJournal(settings.stateDir, log),
        random: Math.random,
      }),
  });

  const health = await openHealth(settings, log);
  const protection =
    settings.ecsAgentUri === undefined
      ? undefined
      : new TaskProtection({ agentUri: settings.ecsAgentUri, countCalls: () => app.activeCalls, log });

  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    const steps: StopStep[] = [
      ['calls', () => app.drain()],
      ['succession', () => succession?.stop()],
      ['task protection', () => protection?.stop()],
      ['health', () => health?.close()],
      ['drachtio', () => app.close()],
      ['secrets', () => secrets.close()],
      ['accounts', () => endpoints?.close()],
      ['outbox', () => outbox.close(lastFactsMs)],
      ['warm functions', coolDown],
      ['metrics', () => metrics.close()],
    ];
    await stopInOrder(steps, log);
    log.info({ event: 'edge-stopped', factsLeft: outbox.pending }, 'stopped');
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
  // An error that a defect leaves uncaught in one call must not end the process, and with it the other calls.
  process.on('unhandledRejection', (error) => log.error({ event: 'unhandled-rejection', error }, 'a bug'));

  const hostPorts = await app.connect();
  // Written past the log: whoever started this process waits for the line, also where the log's level is above info.
  const ready = { event: 'edge-ready', edgeId: settings.edgeId, hostPorts, domain: settings.sipDomain };
  process.stdout.write(
    `${JSON.stringify({ level: 'info', time: clock.now(), ...ready, msg: 'the edge serves' })}\n`,
  );
}

try {
  const settings = readSettings(process.env, process.argv.slice(2));
  await start(settings, logger(settings));
} catch (error) {
  const text = error instanceof SettingsError ? error.message : String(error);
  const log = pino({ formatters: { level: (label) => ({ level: label }) } });
  log.fatal({ event: 'edge-failed', error: text }, 'the edge cannot start');
  process.exit(1);
}
