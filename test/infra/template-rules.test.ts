import { describe, expect, it } from 'vitest';
import { deployments, stackOf, synthesize } from './synth.ts';

/* What holds of every resource of every deployment, by rule: a new resource is held to it unasked. */

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

const templates = Object.entries(deployments).map(([name, settings]) => ({
  name,
  settings,
  resources: synthesize(settings).toJSON().Resources as Record<string, Resource>,
}));

/** Types that hold data of the service, which outlive the stack where the settings say so. An archive goes with its bus, and
 * what an edge's application says to its drachtio, and gateways to TURN servers, is worth nothing without them. */
const dataTypes = new Set(['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::S3::Bucket']);

describe.each(templates)('of the deployment $name', ({ settings, resources }) => {
  const keepData = settings.keepData !== 'false';
  const all = Object.entries(resources);

  it('exactly the data outlives the stack, where the settings say so', () => {
    const kept = all.filter(
      ({ 1: one }) => one.DeletionPolicy?.startsWith('Retain') || one.DeletionPolicy === 'Snapshot',
    );
    const data = all.filter(
      ([id, { Type }]) => dataTypes.has(Type) && !/^(EdgeDrachtio|Turn|MediaReports)Secret/.test(id),
    );
    expect(data.length).toBeGreaterThan(0);
    expect(kept.map(([id]) => id).sort()).toEqual((keepData ? data : []).map(([id]) => id).sort());
    for (const [, one] of kept) expect(one.UpdateReplacePolicy).toBe(one.DeletionPolicy);
  });

  it('CDK leaves to no default what CloudFormation would keep', () => {
    // A type whose deletion policy CloudFormation decides by itself says its own here.
    const undecided = all.filter(([, { Type }]) => dataTypes.has(Type) || Type === 'AWS::Logs::LogGroup');
    expect(undecided.length).toBeGreaterThan(1);
    for (const [id, { DeletionPolicy }] of undecided) expect(DeletionPolicy, id).toBeDefined();
  });

  it('the stack is protected where data lives, and the table too', () => {
    expect(stackOf(settings).terminationProtection).toBe(keepData);
    const tables = all.filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table');
    for (const [, { Properties }] of tables) expect(Properties?.DeletionProtectionEnabled).toBe(keepData);
  });

  it('no secret stands in the template: secrets are generated, or named by their ARN', () => {
    const secrets = all.filter(([, { Type }]) => Type === 'AWS::SecretsManager::Secret');
    for (const [id, { Properties }] of secrets) {
      expect(Properties, id).toHaveProperty('GenerateSecretString');
      expect(Properties, id).not.toHaveProperty('SecretString');
    }
    const variables = all.flatMap(([id, { Properties }]) =>
      variablesIn(Properties).map((one) => ({ id, ...one })),
    );
    expect(variables.length).toBeGreaterThan(20);
    for (const { id, name, value } of variables) {
      if (!/secret|password|token|key/i.test(name)) continue;
      // The ARN of one, or a reference to it: never the value.
      const isReference = typeof value !== 'string' || value.startsWith('arn:');
      expect({ id, name, isReference }).toEqual({ id, name, isReference: true });
    }
    // A connection of EventBridge takes its header's value by no other way.
    const connections = all.filter(([, { Type }]) => Type === 'AWS::Events::Connection');
    for (const [id, { Properties }] of connections) {
      const { ApiKeyAuthParameters: key } = (Properties?.AuthParameters ?? {}) as {
        ApiKeyAuthParameters?: { ApiKeyValue: unknown };
      };
      expect(JSON.stringify(key?.ApiKeyValue), id).toMatch(/\{\{resolve:secretsmanager:/);
      if (key !== undefined) key.ApiKeyValue = 'by reference';
    }
    const text = JSON.stringify(resources);
    for (const looksSecret of [/\{\{resolve:/, /-----BEGIN/, /AKIA[0-9A-Z]{16}/]) {
      expect(text).not.toMatch(looksSecret);
    }
  });

  it('every resource that can be tagged is', () => {
    const untagged = all.filter(
      ([, { Type, Properties }]) =>
        !untaggable.has(Type) && !JSON.stringify(tagsOf(Properties)).includes('"switchroom"'),
    );
    expect(untagged.map(([id, { Type }]) => `${Type} ${id}`)).toEqual([]);
  });

  it('DependsOn tells nothing that a reference says already', () => {
    const twice = all.flatMap(([id, { DependsOn = [], Properties }]) => {
      const referred = referencesIn(Properties);
      return DependsOn.filter((one) => referred.has(one)).map((one) => `${id}: ${one}`);
    });
    expect(twice).toEqual([]);
  });

  it('a function waits for what its role may do, an edge for the listeners of its targets', () => {
    const ofType = (type: string) => all.filter(([, one]) => one.Type === type);
    const waits: [string, string][] = [];
    for (const [id, { Properties }] of ofType('AWS::Lambda::Function')) {
      const role = [...referencesIn(Properties?.Role)][0] as string;
      const policies = ofType('AWS::IAM::Policy').filter(([, one]) =>
        referencesIn(one.Properties?.Roles).has(role),
      );
      expect(policies.length, id).toBeGreaterThan(0);
      waits.push(...policies.map(([policy]): [string, string] => [id, policy]));
    }
    for (const [id, { Properties }] of ofType('AWS::ECS::Service')) {
      const groups = referencesIn(Properties?.LoadBalancers);
      const listeners = ofType('AWS::ElasticLoadBalancingV2::Listener').filter(([, one]) =>
        [...referencesIn(one.Properties?.DefaultActions)].some((group) => groups.has(group)),
      );
      expect(listeners).toHaveLength(groups.size);
      waits.push(...listeners.map(([listener]): [string, string] => [id, listener]));
    }
    for (const [id, other] of waits) expect(resources[id]?.DependsOn, id).toContain(other);
  });
});

/** Logical ids that a value refers to by Ref or Fn::GetAtt. */
function referencesIn(value: unknown): Set<string> {
  const text = JSON.stringify(value ?? null);
  const found = text.matchAll(/"(?:Ref":|Fn::GetAtt":\[)"([^"]+)"/g);
  return new Set([...found].map(([, id]) => id as string));
}

/** Types to which CloudFormation gives no tags. */
const untaggable = new Set([
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::AutoScaling::LifecycleHook',
  'AWS::AutoScaling::WarmPool',
  'AWS::CloudWatch::Dashboard',
  'AWS::EC2::EIPAssociation',
  'AWS::EC2::Route',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::ECS::ClusterCapacityProviderAssociations',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::Events::ApiDestination',
  'AWS::Events::Archive',
  'AWS::Events::Connection',
  'AWS::IAM::InstanceProfile',
  'AWS::IAM::Policy',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::ServiceDiscovery::Instance',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogStream',
  'AWS::Logs::MetricFilter',
  'AWS::Logs::QueryDefinition',
  'AWS::Route53::RecordSet',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'Custom::AWS',
]);

function tagsOf(properties: Record<string, unknown> = {}): unknown {
  const launch = properties.LaunchTemplateData as { TagSpecifications?: unknown } | undefined;
  return [
    properties.Tags,
    properties.HealthCheckTags,
    properties.TagSpecifications,
    launch?.TagSpecifications,
  ];
}

/** The variables that a function or a task's containers are given. */
function variablesIn(properties: Record<string, unknown> = {}): { name: string; value: unknown }[] {
  const { Variables = {} } = (properties.Environment ?? {}) as { Variables?: Record<string, unknown> };
  const containers = (properties.ContainerDefinitions ?? []) as {
    Environment?: { Name: string; Value: unknown }[];
  }[];
  return [
    ...Object.entries(Variables).map(([name, value]) => ({ name, value })),
    ...containers.flatMap(({ Environment = [] }) =>
      Environment.map(({ Name, Value }) => ({ name: Name, value: Value })),
    ),
  ];
}
