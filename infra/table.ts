import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** The sparse index of the gateways that can be given (docs/architecture.md). */
export const freeIndexName = 'free';
/** The sparse index of open calls and of edges. */
export const watchIndexName = 'watch';
/** The index of calls by their Call-ID, for people. */
export const callsIndexName = 'calls';
/** The index of calls by their gateway. */
export const gatewaysIndexName = 'gateways';

/** What a function needs that reads items and writes them. */
export const readAndWrite = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'] as const;
type TableAction = (typeof readAndWrite)[number] | 'ConditionCheckItem' | 'PartiQLUpdate';

/** The one table: gateways, calls, tombstones and edges. */
export class StateTable extends Construct {
  readonly table: dynamodb.Table;

  /** @param keep whether it outlives the stack */
  constructor(scope: Construct, id: string, { keep }: { keep: boolean }) {
    super(scope, id);
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: keep,
      removalPolicy: keep ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Only what an allocation needs is projected, and nothing that a refresh changes: a REGISTER then costs no
    // write of the index, and a hit needs no second read before its lock.
    this.table.addGlobalSecondaryIndex({
      indexName: freeIndexName,
      partitionKey: { name: 'freeShard', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'availableAt', type: dynamodb.AttributeType.NUMBER },
      projectionType: dynamodb.ProjectionType.INCLUDE,
      nonKeyAttributes: ['username', 'contact', 'received', 'registrationId', 'taskId', 'edgeId'],
    });
    this.table.addGlobalSecondaryIndex({
      indexName: watchIndexName,
      partitionKey: { name: 'watchKey', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'watchAt', type: dynamodb.AttributeType.NUMBER },
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: callsIndexName,
      partitionKey: { name: 'callId', type: dynamodb.AttributeType.STRING },
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: gatewaysIndexName,
      partitionKey: { name: 'gateway', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'offeredAt', type: dynamodb.AttributeType.NUMBER },
      projectionType: dynamodb.ProjectionType.KEYS_ONLY,
    });
  }

  /** Lets a function do these actions on items, and query these indexes: nothing else. */
  grant(
    grantee: iam.IGrantable,
    actions: readonly TableAction[],
    queriedIndexes: readonly string[] = [],
  ): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: actions.map((action) => `dynamodb:${action}`),
        resources: [this.table.tableArn],
      }),
    );
    if (queriedIndexes.length === 0) return;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: queriedIndexes.map((name) => `${this.table.tableArn}/index/${name}`),
      }),
    );
  }
}
