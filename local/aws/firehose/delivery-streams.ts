import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AwsError } from '../http/errors.ts';
import type { Needed } from '../iam/policy.ts';
import { arn } from '../identity.ts';
import type { JsonObject, Resource } from '../template.ts';
import type { Unwritable } from '../unwritable.ts';

export interface DeliveryStreamsOptions {
  /** Where the files of streams are. */
  dir: string;
  /** The one file of all streams, in the place of those. */
  file: string | undefined;
  /** Throws where the role of the stream may not do it. */
  authorize: (roleArn: string, needed: Needed) => void;
  onUnwritable: Unwritable;
}

interface Stream {
  name: string;
  roleArn: string;
  /** What it needs for each delivery: to write to its bucket, and to its log. */
  needed: Needed[];
  delimiter: string;
}

/** Data Firehose: what it would write to S3 is a file here, at once and not compressed. */
export class DeliveryStreams {
  readonly #options: DeliveryStreamsOptions;
  #streams = new Map<string, Stream>();

  constructor(options: DeliveryStreamsOptions) {
    this.#options = options;
  }

  provision(resources: readonly Resource[]): void {
    const streams = resources.filter(({ type }) => type === 'AWS::KinesisFirehose::DeliveryStream');
    this.#streams = new Map(streams.map((one) => [one.attributes.Arn ?? '', streamOf(one)]));
  }

  /** @throws AwsError ResourceNotFoundException, and where its role may not write to the bucket */
  put(streamArn: string, record: string): void {
    const stream = this.#streams.get(streamArn);
    if (stream === undefined) {
      throw new AwsError('ResourceNotFoundException', `there is no stream ${streamArn}`);
    }
    const { authorize, onUnwritable } = this.#options;
    for (const needed of stream.needed) authorize(stream.roleArn, needed);
    const file = this.#options.file ?? join(this.#options.dir, `${stream.name}.ndjson`);
    try {
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, `${record}${stream.delimiter}`, { mode: 0o600 });
    } catch (error) {
      onUnwritable(file, error as NodeJS.ErrnoException);
    }
  }
}

function streamOf({ ref, properties }: Resource): Stream {
  const to = (properties.ExtendedS3DestinationConfiguration ?? {}) as JsonObject;
  const log = (to.CloudWatchLoggingOptions ?? {}) as JsonObject;
  const { Processors = [] } = (to.ProcessingConfiguration ?? {}) as { Processors?: JsonObject[] };
  const endsLines = Processors.some(({ Type }) => Type === 'AppendDelimiterToRecord');
  return {
    name: ref,
    roleArn: String(to.RoleARN),
    needed: [
      { action: 's3:PutObject', resource: `${to.BucketARN}/records` },
      ...(log.LogGroupName === undefined
        ? []
        : [
            {
              action: 'logs:PutLogEvents',
              resource: arn('logs', `log-group:${log.LogGroupName}:log-stream:x`),
            },
          ]),
    ],
    delimiter: endsLines ? '\n' : '',
  };
}
