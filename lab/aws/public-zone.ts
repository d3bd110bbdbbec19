import type { Answer } from 'dns-packet';
import type { Resource } from '../../local/aws/template.ts';
import type { TargetGroup } from './target-group.ts';

/** A record of the zone, and the alarm that takes it out of the answers. */
interface PublicRecord {
  answer: Answer;
  alarm: string | undefined;
}

/** What Route 53 reads of an alarm's metric: it decides by the numbers itself. */
interface Watched {
  group: TargetGroup;
  periods: number;
  /** Fewest healthy targets of each period that is over, the last one first. */
  fewest: number[];
  /** Of the period that runs. */
  now: number;
}

const sampleMs = 1000;

/**
 * The stack's records as Route 53 answers them: one with a health check leaves the answers while the metric of its alarm
 * (HealthyHostCount) is below its threshold in all of its periods. Where no record of a name is healthy, all are given
 * ("How Amazon Route 53 chooses records when health checking is configured").
 */
export class PublicZone {
  readonly #records: readonly PublicRecord[];
  readonly #watched = new Map<string, Watched>();
  readonly #timers: NodeJS.Timeout[];
  /** How long Route 53 takes at most to leave a dead zone out of its answers, and clients to ask anew, seconds. */
  readonly limitSec: number;

  /** @param resources of the stack, all references resolved */
  constructor(resources: readonly Resource[], groups: readonly TargetGroup[]) {
    const ofType = (type: string) => resources.filter((one) => one.type === type);
    const alarmOf = new Map(
      ofType('AWS::Route53::HealthCheck').map(({ attributes, properties }) => {
        const { AlarmIdentifier } = properties.HealthCheckConfig as { AlarmIdentifier: { Name: string } };
        return [String(attributes.HealthCheckId), AlarmIdentifier.Name];
      }),
    );
    this.#records = ofType('AWS::Route53::RecordSet').flatMap(({ properties }) =>
      (properties.ResourceRecords as string[]).map((data) => ({
        answer: answerOf(String(properties.Name), String(properties.Type), Number(properties.TTL), data),
        alarm: alarmOf.get(String(properties.HealthCheckId)),
      })),
    );
    let periodSec = 0;
    for (const { ref, properties } of ofType('AWS::CloudWatch::Alarm')) {
      if (!this.#records.some(({ alarm }) => alarm === ref)) continue;
      const [dimension] = (properties.Dimensions as { Name: string; Value: string }[]).filter(
        ({ Name }) => Name === 'TargetGroup',
      );
      const group = groups.find(({ arn }) => dimension?.Value === `targetgroup/${arn}`);
      if (group === undefined) throw new Error(`the alarm ${ref} watches no target group of the stack`);
      periodSec = Number(properties.Period);
      this.#watched.set(ref, {
        group,
        periods: Number(properties.EvaluationPeriods),
        fewest: [],
        now: Infinity,
      });
    }
    const periods = Math.max(0, ...[...this.#watched.values()].map((one) => one.periods));
    const ttls = this.#records.map(({ answer }) =>
      'ttl' in answer && answer.type === 'A' ? (answer.ttl ?? 0) : 0,
    );
    // A zone dies within a period, which counts as bad all the same: its minimum is looked at.
    this.limitSec = periodSec * periods + Math.max(0, ...ttls);
    this.#timers = [
      setInterval(() => this.#sample(), sampleMs),
      setInterval(() => this.#endPeriod(), periodSec * 1000),
    ];
  }

  /** @param name without the dot at its end @returns undefined where the zone has no such name */
  lookUp(name: string): Answer[] | undefined {
    const found = this.#records.filter(({ answer }) => answer.name === name);
    if (found.length === 0) return undefined;
    const healthy = found.filter(({ alarm }) => alarm === undefined || this.#isHealthy(alarm));
    const isDead = !healthy.some(({ answer }) => answer.type === 'A');
    return (isDead ? found : healthy).map(({ answer }) => answer);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #isHealthy(alarm: string): boolean {
    const watched = this.#watched.get(alarm);
    if (watched === undefined || watched.fewest.length < watched.periods) return true;
    return watched.fewest.some((fewest) => fewest > 0);
  }

  #sample(): void {
    for (const watched of this.#watched.values()) {
      const healthy = watched.group.described.filter(({ state }) => state === 'healthy').length;
      watched.now = Math.min(watched.now, healthy);
    }
  }

  #endPeriod(): void {
    for (const watched of this.#watched.values()) {
      watched.fewest = [watched.now, ...watched.fewest].slice(0, watched.periods);
      watched.now = Infinity;
    }
  }
}

const withoutDot = (name: string) => name.replace(/\.$/, '');

/** A record as Route 53 writes it ("Supported DNS record types"). */
function answerOf(owner: string, type: string, ttl: number, data: string): Answer {
  const name = withoutDot(owner).toLowerCase();
  const words = data.split(' ').map((word) => word.replaceAll('"', ''));
  const [first, second, third = '', fourth = '', fifth = '', sixth = ''] = words;
  if (type === 'A') return { type, name, ttl, data };
  if (type === 'SRV') {
    const target = withoutDot(fourth);
    return {
      type,
      name,
      ttl,
      data: { priority: Number(first), weight: Number(second), port: Number(third), target },
    };
  }
  if (type !== 'NAPTR') throw new Error(`no record of type ${type} is played`);
  const replacement = withoutDot(sixth);
  return {
    type,
    name,
    ttl,
    data: {
      order: Number(first),
      preference: Number(second),
      flags: third,
      services: fourth,
      regexp: fifth,
      replacement,
    },
  };
}
