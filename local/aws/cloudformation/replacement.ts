/*
 * Which changed properties make CloudFormation replace a resource ("Update requires: Replacement" in its resource
 * type reference), for the types of our templates, where that is plain.
 */

const replacing = new Map(
  Object.entries<readonly string[]>({
    'AWS::DynamoDB::Table': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
    'AWS::Lambda::Function': ['FunctionName', 'PackageType'],
    'AWS::Lambda::EventInvokeConfig': ['FunctionName', 'Qualifier'],
    'AWS::Events::EventBus': ['Name'],
    'AWS::Events::Rule': ['Name', 'EventBusName'],
    'AWS::Events::Archive': ['ArchiveName', 'SourceArn'],
    'AWS::Events::Connection': ['Name'],
    'AWS::Events::ApiDestination': ['Name'],
    'AWS::KinesisFirehose::DeliveryStream': ['DeliveryStreamName', 'DeliveryStreamType'],
    'AWS::S3::Bucket': ['BucketName'],
    'AWS::CloudWatch::Alarm': ['AlarmName'],
    'AWS::CloudWatch::Dashboard': ['DashboardName'],
    'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
    'AWS::SNS::Subscription': ['TopicArn', 'Protocol', 'Endpoint'],
    'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
    'AWS::SecretsManager::Secret': ['Name'],
    'AWS::Logs::LogGroup': ['LogGroupName', 'LogGroupClass'],
    'AWS::IAM::Role': ['RoleName', 'Path'],
    'AWS::ECS::Cluster': ['ClusterName'],
    'AWS::ECS::Service': ['ServiceName', 'Cluster', 'LaunchType', 'SchedulingStrategy'],
    'AWS::EC2::EIP': ['Domain', 'NetworkBorderGroup'],
    'AWS::EC2::VPC': ['CidrBlock'],
    'AWS::EC2::Subnet': ['AvailabilityZone', 'CidrBlock', 'VpcId'],
    'AWS::EC2::RouteTable': ['VpcId'],
    'AWS::EC2::SecurityGroup': ['GroupName', 'GroupDescription', 'VpcId'],
    'AWS::ServiceDiscovery::PrivateDnsNamespace': ['Name', 'Vpc'],
    'AWS::ElasticLoadBalancingV2::LoadBalancer': ['Name', 'Scheme', 'Type'],
    'AWS::ElasticLoadBalancingV2::Listener': ['LoadBalancerArn'],
    'AWS::ElasticLoadBalancingV2::TargetGroup': ['Name', 'Port', 'Protocol', 'TargetType', 'VpcId'],
    'AWS::Route53::RecordSet': ['Name', 'HostedZoneId'],
  }),
);

/** Types that are made anew for whatever changes, but for these properties. */
const replacedButFor = new Map(
  Object.entries<readonly string[]>({
    'AWS::ECS::TaskDefinition': ['Tags'],
    'AWS::Lambda::Permission': [],
    'AWS::EC2::SecurityGroupIngress': ['Description'],
    'AWS::EC2::SecurityGroupEgress': ['Description'],
    'AWS::EC2::SubnetRouteTableAssociation': [],
  }),
);

/** @returns whether a change of this property makes another resource */
export function replaces(type: string, property: string): boolean {
  const inPlace = replacedButFor.get(type);
  if (inPlace) return !inPlace.includes(property);
  return replacing.get(type)?.includes(property) ?? false;
}
