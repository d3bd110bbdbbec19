import { AwsError, blaming } from '../http/errors.ts';
import { neededToInvoke, neededToInvokeDestination, neededToPutRecord, neededToSend } from '../iam/needed.ts';
import type { Needed } from '../iam/policy.ts';
import type { JsonObject, Resource } from '../template.ts';
import { type BusEvent, newEvent } from './bus-event.ts';
import {
  busNameOf,
  isApiDestination,
  isQueue,
  isStream,
  type PatternRule,
  readPatternRule,
  readSchedule,
  type Schedule,
  type Target,
} from './rules.ts';

/** @param takers logical ids of the rules that take the event */
export type BusObserver = (event: BusEvent, busName: string, takers: readonly string[]) => void;

export interface EventBusesOptions {
  /** Hands an event to a function; throws where there is no such function. */
  invokeAsync: (functionArn: string, payload: string) => void;
  /** Hands an event to a queue; throws where there is no such queue. */
  send: (queueArn: string, body: string, attributes?: Record<string, string>) => void;
  /** Hands an event to a stream of Firehose; throws where there is none. */
  putRecord: (streamArn: string, record: string) => void;
  /** Sends an event to an API destination; throws once that is given up. */
  post: (destinationArn: string, body: string) => Promise<void>;
  /** Throws where the policy of a target, or of a queue, does not let this rule use it. */
  authorize: (ruleArn: string, needed: Needed) => void;
  /** Throws where the role of a target may not use it. */
  authorizeRole: (roleArn: string, needed: Needed) => void;
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

/** EventBridge: buses, rules by pattern, rules by schedule. */
export class EventBuses {
  #names = new Set(['default']);
  #rules: PatternRule[] = [];
  #schedules: Schedule[] = [];
  readonly #observers = new Set<BusObserver>();
  readonly #options: EventBusesOptions;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: EventBusesOptions) {
    this.#options = options;
  }

  /**
   * Makes the buses and rules of the stacks, and starts the schedules.
   * @throws UnsupportedError for a pattern, schedule or target that is not played here
   */
  provision(resources: readonly Resource[]): void {
    const ofType = (wanted: string) => resources.filter(({ type }) => type === wanted);
    const rules = ofType('AWS::Events::Rule').filter(({ properties }) => properties.State !== 'DISABLED');
    const schedules = rules.flatMap((rule) => blaming(rule.logicalId, () => readSchedule(rule)));
    this.#rules = rules.flatMap((rule) => blaming(rule.logicalId, () => readPatternRule(rule)));
    this.#names = new Set(['default', ...ofType('AWS::Events::EventBus').map(({ ref }) => ref)]);
    this.stop();
    this.#schedules = schedules;
    this.#timers = schedules.map((schedule) => setInterval(() => this.#fire(schedule), schedule.everyMs));
  }

  /**
   * Lets every schedule fire now, as if its time had come.
   * @returns the ARNs of what they started
   */
  fireSchedules(): string[] {
    for (const schedule of this.#schedules) this.#fire(schedule);
    return this.#schedules.flatMap(({ targets }) => targets.map(({ arn }) => arn));
  }

  /** Stops the schedules. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Shows every event of every bus, whether a rule takes it or not. */
  observe(observer: BusObserver): void {
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
    const taking = this.#rules.filter(
      (rule) => rule.busName === busName && rule.matches(event as unknown as JsonObject),
    );
    const takers = taking.map(({ logicalId }) => logicalId);
    for (const observer of this.#observers) observer(event, busName, takers);
    for (const target of taking.flatMap(({ targets }) => targets)) this.#deliver(target, event);
  }

  #fire({ arn, targets }: Schedule): void {
    const event = newEvent({
      source: 'aws.events',
      detailType: 'Scheduled Event',
      resources: [arn],
      detail: {},
    });
    for (const target of targets) this.#deliver(target, event);
  }

  /** What a target does not take goes to its queue as it is, with the reason beside it ("Using dead-letter queues"). */
  #deliver(target: Target, event: BusEvent): void {
    const payload = target.input ?? JSON.stringify(target.detailAlone ? event.detail : event);
    const { arn, ruleArn, deadLetterArn } = target;
    const keep = (error: unknown) => {
      if (!deadLetterArn) return;
      this.#bury(ruleArn, deadLetterArn, payload, {
        RULE_ARN: ruleArn,
        TARGET_ARN: arn,
        ERROR_CODE: error instanceof AwsError ? error.code : 'SDK_CLIENT_ERROR',
        ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
      });
    };
    try {
      this.#hand(target, payload)?.catch(keep);
    } catch (error) {
      keep(error);
    }
  }

  #hand({ arn, ruleArn, roleArn }: Target, payload: string): Promise<void> | undefined {
    const { authorize, authorizeRole, invokeAsync, send, putRecord, post } = this.#options;
    if (isApiDestination(arn)) {
      authorizeRole(roleArn, neededToInvokeDestination(arn));
      return post(arn, payload);
    }
    if (isStream(arn)) {
      for (const needed of neededToPutRecord(arn)) authorizeRole(roleArn, needed);
      putRecord(arn, payload);
    } else if (isQueue(arn)) {
      authorize(ruleArn, neededToSend(arn));
      send(arn, payload);
    } else {
      authorize(ruleArn, neededToInvoke(arn));
      invokeAsync(arn, payload);
    }
    return undefined;
  }

  #bury(ruleArn: string, queueArn: string, body: string, attributes: Record<string, string>): void {
    try {
      this.#options.authorize(ruleArn, neededToSend(queueArn));
    } catch (error) {
      // As in AWS, the event is then lost; whoever observes the permissions has been told.
      if (error instanceof AwsError) return;
      throw error;
    }
    this.#options.send(queueArn, body, attributes);
  }
}
