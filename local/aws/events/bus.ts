import { randomUUID } from 'node:crypto';
import { AwsError, UnsupportedError } from '../errors.ts';
import { accountId, region } from '../identity.ts';
import type { JsonObject, Resource } from '../template.ts';
import { compilePattern } from './pattern.ts';
import { periodMs } from './schedule.ts';

/** An event as its targets see it ("AWS service events"). */
export interface BusEvent {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: JsonObject;
}

interface Target {
  arn: string;
  input: string | undefined;
  deadLetterArn: string | undefined;
}

interface PatternRule {
  busName: string;
  matches: (event: JsonObject) => boolean;
  targets: Target[];
}

interface Schedule {
  everyMs: number;
  /** Of its rule. */
  arn: string;
  targets: Target[];
}

export interface EventBusesOptions {
  /** The buses and rules of the stack. */
  resources: readonly Resource[];
  /** Hands an event to a function; throws where there is no such function. */
  invokeAsync: (functionArn: string, payload: string) => void;
  deadLetter: (queueArn: string, record: JsonObject) => void;
}

export interface PutEventsEntry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  EventBusName?: string;
  Resources?: string[];
  /** Epoch seconds. */
  Time?: number;
}

type PutResult = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

/** Per PutEvents call (EventBridge quotas). */
const maxEntries = 10;
const maxRequestBytes = 262_144;

const busNameOf = (nameOrArn: string) => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);

/** EventBridge: buses, rules by pattern, rules by schedule. */
export class EventBuses {
  readonly #names = new Set(['default']);
  readonly #rules: PatternRule[] = [];
  readonly #schedules: Schedule[] = [];
  readonly #observers = new Set<(event: BusEvent, busName: string) => void>();
  readonly #options: EventBusesOptions;
  readonly #timers: NodeJS.Timeout[] = [];

  /** @throws UnsupportedError for a pattern, schedule or target that is not played here */
  constructor(options: EventBusesOptions) {
    this.#options = options;
    for (const { type, ref } of options.resources) {
      if (type === 'AWS::Events::EventBus') this.#names.add(ref);
    }
    for (const resource of options.resources) {
      if (resource.type === 'AWS::Events::Rule') this.#addRule(resource);
    }
  }

  /** Starts the schedules. */
  start(): void {
    for (const schedule of this.#schedules) {
      this.#timers.push(setInterval(() => this.#tick(schedule), schedule.everyMs));
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Shows every event of every bus, whether a rule takes it or not. */
  observe(observer: (event: BusEvent, busName: string) => void): void {
    this.#observers.add(observer);
  }

  /**
   * @throws AwsError ValidationException
   * @returns one result for each entry, in order
   */
  putEvents(entries: readonly PutEventsEntry[], requestBytes: number): PutResult[] {
    if (entries.length === 0 || entries.length > maxEntries) {
      throw new AwsError('ValidationException', `'entries' must have 1 to ${maxEntries} members`);
    }
    if (requestBytes > maxRequestBytes)
      throw new AwsError('ValidationException', 'Total size of the entries is too large');
    return entries.map((entry) => this.#put(entry));
  }

  /** Says an event of an AWS service, on the default bus. */
  publish(source: string, detailType: string, detail: JsonObject, resources: string[] = []): void {
    this.#route('default', newEvent({ source, detailType, detail, resources }));
  }

  #tick({ arn, targets }: Schedule): void {
    const event = newEvent({
      source: 'aws.events',
      detailType: 'Scheduled Event',
      resources: [arn],
      detail: {},
    });
    for (const target of targets) this.#deliver(target, event);
  }

  #put({ Source, DetailType, Detail, EventBusName, Resources, Time }: PutEventsEntry): PutResult {
    const busName = busNameOf(EventBusName ?? 'default');
    const refuse = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage });
    if (!Source || !DetailType || !Detail) {
      return refuse('InvalidArgument', 'Source, DetailType and Detail are required');
    }
    // AWS drops such an entry unsaid. Here the mistake shows.
    if (!this.#names.has(busName))
      return refuse('ResourceNotFoundException', `Event bus ${busName} does not exist.`);
    let detail: unknown;
    try {
      detail = JSON.parse(Detail);
    } catch {
      detail = undefined;
    }
    if (typeof detail !== 'object' || detail === null)
      return refuse('MalformedDetail', 'Detail is malformed.');
    const event = newEvent({
      source: Source,
      detailType: DetailType,
      detail: detail as JsonObject,
      resources: Resources ?? [],
      ...(Time !== undefined && { time: new Date(Time * 1000) }),
    });
    this.#route(busName, event);
    return { EventId: event.id };
  }

  #route(busName: string, event: BusEvent): void {
    for (const observer of this.#observers) observer(event, busName);
    for (const rule of this.#rules) {
      if (rule.busName !== busName || !rule.matches(event as unknown as JsonObject)) continue;
      for (const target of rule.targets) this.#deliver(target, event);
    }
  }

  #deliver({ arn, input, deadLetterArn }: Target, event: BusEvent): void {
    const payload = input ?? JSON.stringify(event);
    try {
      this.#options.invokeAsync(arn, payload);
    } catch (error) {
      if (!deadLetterArn) return;
      this.#options.deadLetter(deadLetterArn, {
        target: arn,
        error: error instanceof AwsError ? error.code : String(error),
        event: event as unknown as JsonObject,
      });
    }
  }

  #addRule({ logicalId, attributes, properties }: Resource): void {
    if (properties.State === 'DISABLED') return;
    const targets = ((properties.Targets ?? []) as JsonObject[]).map((target) =>
      readTarget(logicalId, target),
    );
    if (properties.ScheduleExpression !== undefined) {
      const everyMs = periodMs(String(properties.ScheduleExpression), logicalId);
      this.#schedules.push({ everyMs, arn: attributes.Arn ?? logicalId, targets });
    }
    if (properties.EventPattern !== undefined) {
      this.#rules.push({
        busName: busNameOf(String(properties.EventBusName ?? 'default')),
        matches: compilePattern(properties.EventPattern as JsonObject),
        targets,
      });
    }
  }
}

function readTarget(rule: string, target: JsonObject): Target {
  const arn = String(target.Arn);
  if (!arn.includes(':lambda:'))
    throw new UnsupportedError(`${rule}: the local cloud knows no target ${arn}`);
  for (const transformation of ['InputTransformer', 'InputPath']) {
    if (target[transformation])
      throw new UnsupportedError(`${rule}: the local cloud knows no ${transformation}`);
  }
  const deadLetter = target.DeadLetterConfig as { Arn?: string } | undefined;
  return { arn, input: target.Input as string | undefined, deadLetterArn: deadLetter?.Arn };
}

function newEvent(parts: {
  source: string;
  detailType: string;
  detail: JsonObject;
  resources: string[];
  time?: Date;
}): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': parts.detailType,
    source: parts.source,
    account: accountId,
    // To the second, as EventBridge gives it.
    time: `${(parts.time ?? new Date()).toISOString().slice(0, 19)}Z`,
    region,
    resources: parts.resources,
    detail: parts.detail,
  };
}
