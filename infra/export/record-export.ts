import { type CfnElement, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { callRecordType, callsEventSource } from '../../contracts/call-record.ts';
import { acknowledge } from '../acknowledge.ts';
import type { Settings } from '../settings.ts';
import { exportLetters } from './dead-letters.ts';

export interface RecordExportProps {
  settings: Settings;
  bus: events.EventBus;
}

/** Firehose writes a file when so much has come, or after so long. */
const buffer = { sizeInMBs: 5, intervalInSeconds: 300 };
const streamOfLog = 'delivery';

/** The records of calls as files in S3, gzipped, a line of JSON each: rule, Firehose, bucket. */
export class RecordExport extends Construct {
  readonly bucket: s3.Bucket;
  /** What Firehose did not take for a day. */
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { settings, bus }: RecordExportProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [
        {
          expiration: Duration.days(settings.recordExportDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.bucket,
      'S1',
      'Who may read it is for CloudTrail to tell, in an account that asks for it',
    );
    const stream = this.#stream(settings);
    const role = new iam.Role(this, 'RuleRole', {
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com'),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
        resources: [stream.attrArn],
      }),
    );
    this.deadLetters = exportLetters(this, 'records');
    const rule = new events.Rule(this, 'Rule', {
      eventBus: bus as events.IEventBus,
      description: 'Records of calls that are over, for S3',
      eventPattern: { source: [callsEventSource], detailType: [callRecordType] },
      targets: [
        // CDK's own target takes no queue for what could not be delivered.
        {
          bind: () => ({
            arn: stream.attrArn,
            role,
            input: events.RuleTargetInput.fromEventPath('$.detail'),
            deadLetterConfig: { arn: this.deadLetters.queueArn },
            retryPolicy: {
              maximumEventAgeInSeconds: Duration.hours(24).toSeconds(),
              maximumRetryAttempts: 185,
            },
          }),
        },
      ],
    });
    this.deadLetters.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.deadLetters.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
      }),
    );
  }

  #stream(settings: Settings): firehose.CfnDeliveryStream {
    const log = new logs.LogGroup(this, 'Log', {
      retention: settings.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new logs.LogStream(this, 'LogStream', {
      logGroup: log,
      logStreamName: streamOfLog,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('firehose.amazonaws.com'),
    });
    // "Grant Firehose access to an Amazon S3 destination" lists them.
    const allow = (actions: string[], resource: string) =>
      role.addToPolicy(new iam.PolicyStatement({ actions, resources: [resource] }));
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], this.bucket.bucketArn);
    allow(['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], this.bucket.arnForObjects('*'));
    allow(['logs:PutLogEvents'], log.logGroupArn);
    const bucketId = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnElement);
    acknowledge(
      role,
      `IAM5[Resource::<${bucketId}.Arn>/*]`,
      'Firehose names its files by the time; the bucket is theirs alone',
    );
    const stream = new firehose.CfnDeliveryStream(this, 'Stream', {
      deliveryStreamName: `${Stack.of(this).stackName}-records`,
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: {
        bucketArn: this.bucket.bucketArn,
        roleArn: role.roleArn,
        bufferingHints: buffer,
        compressionFormat: 'GZIP',
        fileExtension: '.ndjson.gz',
        prefix: 'records/!{timestamp:yyyy/MM/dd}/',
        errorOutputPrefix: 'errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/',
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: log.logGroupName,
          logStreamName: streamOfLog,
        },
        // A record of the bus is one JSON document without a line's end, which this adds (Firehose API, "Processor").
        processingConfiguration: {
          enabled: true,
          processors: [{ type: 'AppendDelimiterToRecord' }],
        },
      },
    });
    // Firehose tries its role as the stream is made.
    stream.node.addDependency(role.node.findChild('DefaultPolicy'));
    return stream;
  }
}
