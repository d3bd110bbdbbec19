import { createHash } from 'node:crypto';
import { addressOfApi } from './apigateway/http-apis.ts';
import { accountId, arn, partition, region } from './identity.ts';
import type { Identity, IdentityOf } from './template.ts';

/*
 * Every resource type that our templates may hold, and how such a resource is called. A type that is not here stops
 * the start: a deployment would have it, and the local run would silently not.
 */

const maxNameLength = 64;

type Naming = (name: string, logicalId: string) => Identity;

/** A resource called by its name property, or, where the template leaves it open, after its place in the stack. */
const named =
  (property: string, identify: Naming) =>
  (stackName: string): IdentityOf =>
  (logicalId, read) => {
    const given = read(property);
    const name = typeof given === 'string' ? given : `${stackName}-${logicalId}`.slice(0, maxNameLength);
    return identify(name, logicalId);
  };

const plain =
  (attributes: (logicalId: string) => Record<string, string> = () => ({})) =>
  () =>
  (logicalId: string): Identity => ({ ref: logicalId, attributes: attributes(logicalId) });

/** The id of an API is ten letters and digits; ours are always the same. */
const apiIdOf = (stackName: string, logicalId: string) =>
  createHash('sha256').update(`${stackName} ${logicalId}`).digest('hex').slice(0, 10);

const types = Object.entries<(stackName: string, endpoint: string) => IdentityOf>({
  'AWS::DynamoDB::Table': named('TableName', (name) => ({
    ref: name,
    attributes: { Arn: arn('dynamodb', `table/${name}`) },
  })),
  'AWS::Lambda::Function': named('FunctionName', (name) => ({
    ref: name,
    attributes: { Arn: arn('lambda', `function:${name}`) },
  })),
  'AWS::Lambda::EventInvokeConfig': plain(),
  'AWS::Lambda::EventSourceMapping': plain((logicalId) => ({ Id: logicalId })),
  'AWS::ApiGatewayV2::Api': (stackName, endpoint) => (logicalId) => {
    const ref = apiIdOf(stackName, logicalId);
    return { ref, attributes: { ApiId: ref, ApiEndpoint: addressOfApi(endpoint, ref) } };
  },
  'AWS::ApiGatewayV2::Stage': named('StageName', (name) => ({ ref: name, attributes: {} })),
  'AWS::ApiGatewayV2::Integration': plain((logicalId) => ({ IntegrationId: logicalId })),
  'AWS::ApiGatewayV2::Route': plain((logicalId) => ({ RouteId: logicalId })),
  'AWS::ApiGatewayV2::Authorizer': plain((logicalId) => ({ AuthorizerId: logicalId })),
  'AWS::Events::EventBus': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `event-bus/${name}`), Name: name },
  })),
  'AWS::Events::Rule': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `rule/${name}`) },
  })),
  'AWS::Events::Connection': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `connection/${name}/local`) },
  })),
  'AWS::Events::ApiDestination': named('Name', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `api-destination/${name}/local`) },
  })),
  'AWS::KinesisFirehose::DeliveryStream': named('DeliveryStreamName', (name) => ({
    ref: name,
    attributes: { Arn: arn('firehose', `deliverystream/${name}`) },
  })),
  // What a stream would write there is a file of the run.
  'AWS::S3::Bucket': named('BucketName', (name) => ({
    ref: name.toLowerCase(),
    attributes: { Arn: `arn:${partition}:s3:::${name.toLowerCase()}` },
  })),
  'AWS::SQS::Queue': named('QueueName', (name) => ({
    ref: `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    attributes: { Arn: arn('sqs', name), QueueName: name },
  })),
  'AWS::SecretsManager::Secret': named('Name', (name) => {
    // Secrets Manager adds six characters, so that a secret made anew is another one; ours are always the same.
    const id = arn('secretsmanager', `secret:${name}-local0`);
    return { ref: id, attributes: { Id: id } };
  }),
  'AWS::ECS::Cluster': named('ClusterName', (name) => ({
    ref: name,
    attributes: { Arn: arn('ecs', `cluster/${name}`) },
  })),
  'AWS::ECS::TaskDefinition': named('Family', (family) => {
    const id = arn('ecs', `task-definition/${family}:1`);
    return { ref: id, attributes: { TaskDefinitionArn: id } };
  }),

  // A service is run by `npm start`, which asks the local cloud for its task definition.
  'AWS::ECS::Service': named('ServiceName', (name) => ({
    ref: arn('ecs', `service/${name}`),
    attributes: { Name: name, ServiceArn: arn('ecs', `service/${name}`) },
  })),
  // The static address of zone n stands for 127.0.0.n.
  'AWS::EC2::EIP': () => (logicalId) => {
    // CDK ends a logical id in eight hex digits of a hash.
    const address = `127.0.0.${/(\d+)[0-9A-F]{8}$/.exec(logicalId)?.[1] ?? 1}`;
    return { ref: address, attributes: { PublicIp: address, AllocationId: `eipalloc-${logicalId}` } };
  },
  'AWS::EC2::EIPAssociation': plain(),
  // TURN servers: the media of one machine stays on it.
  'AWS::EC2::Instance': plain((logicalId) => ({ PrivateIp: '127.0.0.1', InstanceId: logicalId })),
  'AWS::IAM::InstanceProfile': plain((logicalId) => ({ Arn: arn('iam', `instance-profile/${logicalId}`) })),
  'AWS::ServiceDiscovery::Instance': plain(),
  'AWS::ServiceDiscovery::PrivateDnsNamespace': plain((logicalId) => ({
    Id: logicalId,
    Arn: arn('servicediscovery', `namespace/${logicalId}`),
    HostedZoneId: logicalId,
  })),
  'AWS::ServiceDiscovery::Service': plain((logicalId) => ({
    Id: logicalId,
    Arn: arn('servicediscovery', `service/${logicalId}`),
    Name: logicalId,
  })),

  // The network: all processes of one machine reach each other on loopback.
  'AWS::EC2::VPC': plain((logicalId) => ({ VpcId: logicalId, CidrBlock: '127.0.0.0/8' })),
  'AWS::EC2::Subnet': plain((logicalId) => ({ SubnetId: logicalId })),
  'AWS::EC2::RouteTable': plain((logicalId) => ({ RouteTableId: logicalId })),
  'AWS::EC2::SubnetRouteTableAssociation': plain(),
  'AWS::EC2::Route': plain(),
  'AWS::EC2::InternetGateway': plain((logicalId) => ({ InternetGatewayId: logicalId })),
  'AWS::EC2::VPCGatewayAttachment': plain(),
  'AWS::EC2::VPCEndpoint': plain(),
  'AWS::EC2::SecurityGroup': plain((logicalId) => ({ GroupId: logicalId })),
  'AWS::EC2::SecurityGroupIngress': plain(),
  'AWS::EC2::SecurityGroupEgress': plain(),
  // Before one edge there is nothing to balance: callers reach its SIP server itself.
  'AWS::ElasticLoadBalancingV2::LoadBalancer': plain((logicalId) => ({
    DNSName: `${logicalId}.local`,
    LoadBalancerFullName: `net/${logicalId}`,
    SecurityGroups: logicalId,
  })),
  'AWS::ElasticLoadBalancingV2::Listener': () => (logicalId) => {
    // Its parts name the balancer in metrics.
    const id = arn('elasticloadbalancing', `listener/net/${logicalId}/local/local`);
    return { ref: id, attributes: { ListenerArn: id } };
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': plain((logicalId) => ({
    TargetGroupArn: logicalId,
    TargetGroupFullName: `targetgroup/${logicalId}`,
  })),
  // Names for callers: on one machine they are given the address.
  'AWS::Route53::RecordSet': plain(),
  'AWS::Route53::HealthCheck': plain((logicalId) => ({ HealthCheckId: logicalId })),
  'AWS::ECS::ClusterCapacityProviderAssociations': plain(),

  // Alarms and dashboards are only recorded: on one machine people read the log files, whose lines are the same.
  'AWS::CloudWatch::Alarm': named('AlarmName', (name) => ({
    ref: name,
    attributes: { Arn: arn('cloudwatch', `alarm:${name}`) },
  })),
  'AWS::CloudWatch::Dashboard': named('DashboardName', (name) => ({ ref: name, attributes: {} })),
  'AWS::Logs::QueryDefinition': plain((logicalId) => ({ QueryDefinitionId: logicalId })),
  'AWS::SNS::Topic': named('TopicName', (name) => ({
    ref: arn('sns', name),
    attributes: { TopicArn: arn('sns', name), TopicName: name },
  })),
  'AWS::SNS::Subscription': plain(),
  'AWS::SNS::TopicPolicy': plain(),

  // They grant, keep or describe. Nothing of them runs.
  'AWS::IAM::Role': named('RoleName', (name, logicalId) => ({
    ref: name,
    attributes: { Arn: `arn:${partition}:iam::${accountId}:role/${name}`, RoleId: logicalId },
  })),
  'AWS::Events::Archive': named('ArchiveName', (name) => ({
    ref: name,
    attributes: { Arn: arn('events', `archive/${name}`), ArchiveName: name },
  })),
  'AWS::IAM::Policy': plain(),
  'AWS::Lambda::Permission': plain(),
  'AWS::SQS::QueuePolicy': plain(),
  'AWS::Logs::LogGroup': named('LogGroupName', (name) => ({
    ref: name,
    attributes: { Arn: arn('logs', `log-group:${name}:*`) },
  })),
  'AWS::Logs::LogStream': plain(),
  'AWS::S3::BucketPolicy': plain(),
  'AWS::CDK::Metadata': plain(),
});

/**
 * @param endpoint the address of the local cloud
 * @returns how resources of each known type are called in this stack
 */
export function resourceTypes(
  stackName: string,
  endpoint = 'http://127.0.0.1',
): ReadonlyMap<string, IdentityOf> {
  return new Map(types.map(([type, identify]) => [type, identify(stackName, endpoint)]));
}
