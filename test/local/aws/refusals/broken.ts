import type { RawResource } from '../../../../local/aws/template.ts';

/* For each rule a stack that breaks it, and nothing but it. */

type Resources = Record<string, RawResource>;
type Properties = NonNullable<RawResource['Properties']>;

const resource = (Type: string, Properties: Properties = {}): RawResource => ({ Type, Properties });
const ref = (name: string) => ({ Ref: name });

/** A task on Fargate as it is right, but for what is given. */
const task = (container: Properties = {}, definition: Properties = {}) =>
  resource('AWS::ECS::TaskDefinition', {
    Family: 'edge',
    Cpu: '256',
    Memory: '512',
    NetworkMode: 'awsvpc',
    RequiresCompatibilities: ['FARGATE'],
    ContainerDefinitions: [
      { Name: 'drachtio', Image: 'a', PortMappings: [{ ContainerPort: 5060 }], ...container },
    ],
    ...definition,
  });

const service = (properties: Properties = {}) =>
  resource('AWS::ECS::Service', {
    TaskDefinition: ref('Task'),
    NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1'] } },
    ...properties,
  });

const balanced = { ContainerName: 'drachtio', ContainerPort: 5060, TargetGroupArn: ref('Group') };
const group = (properties: Properties = {}) =>
  resource('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Protocol: 'TCP',
    Port: 5060,
    TargetType: 'ip',
    ...properties,
  });
const listener = (properties: Properties = {}) =>
  resource('AWS::ElasticLoadBalancingV2::Listener', {
    LoadBalancerArn: ref('Balancer'),
    Port: 5060,
    Protocol: 'TCP',
    DefaultActions: [{ Type: 'forward', TargetGroupArn: ref('Group') }],
    ...properties,
  });
const balancer = (properties: Properties = {}) =>
  resource('AWS::ElasticLoadBalancingV2::LoadBalancer', {
    Type: 'network',
    Scheme: 'internet-facing',
    ...properties,
  });
const alarm = (properties: Properties) =>
  resource('AWS::CloudWatch::Alarm', { Period: 60, EvaluationPeriods: 2, ...properties });
const open = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    IpProtocol: 'tcp',
    FromPort: 1,
    ToPort: 1,
    CidrIp: `10.0.0.${n}/32`,
  }));

export const broken: Record<string, readonly Resources[]> = {
  cloudwatchAlarms: [
    { Alarm: alarm({ EvaluationPeriods: 2, DatapointsToAlarm: 3 }) },
    { Alarm: alarm({ Metrics: Array.from({ length: 11 }, (_, n) => ({ Id: `m${n}`, MetricStat: {} })) }) },
    { Alarm: alarm({ EvaluationPeriods: 1441 }) },
  ],
  ecsDependencies: [
    { Task: task({ DependsOn: [{ ContainerName: 'nobody', Condition: 'START' }] }) },
    { Task: task({ DependsOn: [{ ContainerName: 'drachtio', Condition: 'SUCCESS' }] }) },
    { Task: task({ DependsOn: [{ ContainerName: 'drachtio', Condition: 'HEALTHY' }] }) },
  ],
  ecsDeploymentPercents: [
    {
      Task: task(),
      Service: service({ DeploymentConfiguration: { MinimumHealthyPercent: 100, MaximumPercent: 100 } }),
    },
  ],
  ecsFargateDevices: [
    { Task: task({ Privileged: true }) },
    { Task: task({ LinuxParameters: { SharedMemorySize: 2048 } }) },
  ],
  ecsFargateNetworkMode: [{ Task: task({}, { NetworkMode: 'bridge' }) }],
  ecsFargateSizes: [
    { Task: task({}, { Memory: '4096' }) },
    { Task: task({}, { Cpu: '300' }) },
    { Task: task({}, { Cpu: '1024', Memory: '2560' }) },
  ],
  ecsHealthChecks: [{ Task: task({ HealthCheck: { Command: ['CMD', 'true'], Interval: 1 } }) }],
  ecsLoadBalancerPorts: [
    {
      Task: task({ PortMappings: ['tcp', 'udp'].map((Protocol) => ({ ContainerPort: 5060, Protocol })) }),
      Service: service({ LoadBalancers: [balanced] }),
      Group: group(),
      Listener: listener(),
      Balancer: balancer(),
    },
    {
      Task: task({ PortMappings: [] }),
      Service: service({ LoadBalancers: [balanced] }),
      Group: group(),
      Listener: listener(),
      Balancer: balancer(),
    },
  ],
  ecsRestartPolicy: [{ Task: task({ RestartPolicy: { Enabled: true, RestartAttemptPeriod: 10 } }) }],
  ecsServiceNetwork: [
    { Task: task(), Service: resource('AWS::ECS::Service', { TaskDefinition: ref('Task') }) },
  ],
  ecsStopTimeout: [{ Task: task({ StopTimeout: 121 }) }],
  ecsTargetGroups: [
    { Task: task(), Service: service({ LoadBalancers: [balanced] }), Group: group() },
    {
      Task: task(),
      Service: service({ LoadBalancers: [balanced] }),
      Group: group({ TargetType: 'instance' }),
      Listener: listener(),
      Balancer: balancer(),
    },
  ],
  elbHealthChecks: [
    { Group: group({ HealthCheckProtocol: 'UDP' }) },
    { Group: group({ HealthCheckIntervalSeconds: 2 }) },
  ],
  elbListenerProtocols: [
    { Group: group(), Listener: listener({ Protocol: 'TCP_UDP' }), Balancer: balancer() },
    {
      Group: group(),
      Listener: listener(),
      Balancer: balancer(),
      Other: listener({ LoadBalancerArn: ref('OtherBalancer') }),
      OtherBalancer: balancer(),
    },
  ],
  elbNames: [{ Balancer: balancer({ Name: 'a'.repeat(33) }) }, { Group: group({ Name: 'internal-edges' }) }],
  elbSubnets: [
    {
      One: resource('AWS::EC2::Subnet', { AvailabilityZone: 'a' }),
      Two: resource('AWS::EC2::Subnet', { AvailabilityZone: 'a' }),
      Balancer: balancer({ SubnetMappings: [{ SubnetId: ref('One') }, { SubnetId: ref('Two') }] }),
    },
    {
      One: resource('AWS::EC2::Subnet', { AvailabilityZone: 'a' }),
      Balancer: balancer({
        Scheme: 'internal',
        SubnetMappings: [{ SubnetId: ref('One'), AllocationId: 'eipalloc-1' }],
      }),
    },
  ],
  elbTargetGroupAttributes: [
    {
      Group: group({
        Protocol: 'TCP_UDP',
        TargetGroupAttributes: [
          { Key: 'target_health_state.unhealthy.connection_termination.enabled', Value: 'false' },
        ],
      }),
    },
    {
      Group: group({
        Protocol: 'UDP',
        TargetGroupAttributes: [{ Key: 'preserve_client_ip.enabled', Value: 'false' }],
      }),
    },
    {
      Group: group({
        TargetGroupAttributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '3601' }],
      }),
    },
  ],
  eventsRules: [
    { Rule: resource('AWS::Events::Rule', {}) },
    { Rule: resource('AWS::Events::Rule', { EventBusName: 'facts', ScheduleExpression: 'rate(1 minute)' }) },
    {
      Rule: resource('AWS::Events::Rule', {
        ScheduleExpression: 'rate(1 minute)',
        Targets: [{ Id: 'a', Arn: 'b', RetryPolicy: { MaximumRetryAttempts: 186 } }],
      }),
    },
    {
      Rule: resource('AWS::Events::Rule', {
        ScheduleExpression: 'rate(1 minute)',
        Targets: Array.from({ length: 6 }, (_, n) => ({ Id: `${n}`, Arn: 'b' })),
      }),
    },
  ],
  iamPolicies: [
    {
      Role: resource('AWS::IAM::Role'),
      Policy: resource('AWS::IAM::Policy', {
        Roles: [ref('Role')],
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'x'.repeat(10_241) }],
        },
      }),
    },
  ],
  lambdaEventSources: [
    { Mapping: resource('AWS::Lambda::EventSourceMapping', { BatchSize: 11 }) },
    {
      Mapping: resource('AWS::Lambda::EventSourceMapping', {
        BatchSize: 10_001,
        MaximumBatchingWindowInSeconds: 1,
      }),
    },
    {
      Mapping: resource('AWS::Lambda::EventSourceMapping', { ScalingConfig: { MaximumConcurrency: 1 } }),
    },
  ],
  lambdaFunctions: [
    { Function: resource('AWS::Lambda::Function', { Environment: { Variables: { A: 'x'.repeat(4097) } } }) },
    { Function: resource('AWS::Lambda::Function', { Environment: { Variables: { AWS_REGION: 'x' } } }) },
    { Function: resource('AWS::Lambda::Function', { Timeout: 901 }) },
  ],
  lambdaQueueVisibility: [
    {
      Queue: resource('AWS::SQS::Queue', { VisibilityTimeout: 8 }),
      Function: resource('AWS::Lambda::Function', { Timeout: 9 }),
      Mapping: resource('AWS::Lambda::EventSourceMapping', {
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        FunctionName: ref('Function'),
      }),
    },
  ],
  logsRetention: [{ Log: resource('AWS::Logs::LogGroup', { RetentionInDays: 31 }) }],
  route53Records: [
    {
      Record: resource('AWS::Route53::RecordSet', {
        MultiValueAnswer: true,
        TTL: '60',
        ResourceRecords: ['a'],
      }),
    },
    { Record: resource('AWS::Route53::RecordSet', { ResourceRecords: ['a'] }) },
  ],
  securityGroupRules: [{ Group: resource('AWS::EC2::SecurityGroup', { SecurityGroupIngress: open(61) }) }],
  sqsQueues: [
    { Queue: resource('AWS::SQS::Queue', { QueueName: 'dead letters' }) },
    { Queue: resource('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_601 }) },
  ],
};
