import { type CfnElement, type CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource } from 'aws-cdk-lib/custom-resources';
import { Construct, type IDependable } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { dependNotOn } from '../depend-not-on.ts';
import type { Settings } from '../settings.ts';

export interface GroupDeletionProps {
  group: autoscaling.AutoScalingGroup;
  /** What uses the group: it goes after this. */
  before: IDependable;
  settings: Settings;
}

/**
 * Lets `cdk destroy` end. CloudFormation empties a group before it deletes it, and waits for ever for instances that are
 * protected from scale-in, as ECS protects all of them (aws-cdk#18179, containers-roadmap#2862). So the group is deleted
 * with its instances as the first thing; where CloudFormation comes to it, it is gone.
 */
export class GroupDeletion extends Construct {
  constructor(scope: Construct, id: string, { group, before, settings }: GroupDeletionProps) {
    super(scope, id);
    const groupArn = Stack.of(this).formatArn({
      service: 'autoscaling',
      resource: 'autoScalingGroup:*:autoScalingGroupName',
      resourceName: group.autoScalingGroupName,
    });
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: settings.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({ actions: ['autoscaling:DeleteAutoScalingGroup'], resources: [groupArn] }),
    );
    const resource = new AwsCustomResource(this, 'Force', {
      onDelete: {
        service: 'AutoScaling',
        action: 'DeleteAutoScalingGroup',
        parameters: { AutoScalingGroupName: group.autoScalingGroupName, ForceDelete: true },
        // It is gone already.
        ignoreErrorCodesMatching: 'ValidationError',
      },
      installLatestAwsSdk: false,
      role,
      logGroup,
    });
    resource.node.addDependency(before);
    const caller = Stack.of(this).node.children.find((one) => one instanceof lambda.Function);
    dependNotOn(role.node.defaultChild as CfnResource, caller?.node.defaultChild as CfnResource);
    const groupId = Stack.of(this).getLogicalId(group.node.defaultChild as CfnElement);
    acknowledge(
      role,
      `IAM5[Resource::arn:<AWS::Partition>:autoscaling:<AWS::Region>:<AWS::AccountId>:autoScalingGroup:*:autoScalingGroupName/<${groupId}>]`,
      'An id of AWS own stands in the ARN before the name, which is the one of the group',
    );
  }
}
