import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { consumedByCalls, consumedByFleet } from '../../contracts/facts.ts';
import { SettingsError } from '../../infra/settings.ts';
import { synthesize } from './synth.ts';

const template = synthesize();

describe('the table', () => {
  it('is swept by TTL, can be restored to a point in time, and cannot be deleted by accident', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      },
    });
  });

  it('projects into the index of free gateways nothing that a refresh changes', () => {
    const [table] = Object.values(template.findResources('AWS::DynamoDB::Table'));
    const free = table?.Properties.GlobalSecondaryIndexes.find(
      (index: { IndexName: string }) => index.IndexName === 'free',
    );
    expect(free.KeySchema).toEqual([
      { AttributeName: 'freeShard', KeyType: 'HASH' },
      { AttributeName: 'availableAt', KeyType: 'RANGE' },
    ]);
    expect(free.Projection.ProjectionType).toBe('INCLUDE');
    for (const changing of ['expiresAt', 'cseq', 'contacts']) {
      expect(free.Projection.NonKeyAttributes).not.toContain(changing);
    }
  });
});

describe('the functions', () => {
  it('run on the current Node on Arm, from an own log group that does not grow for ever', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(functions).toHaveLength(5);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties.LoggingConfig.LogGroup).toBeDefined();
      expect(Properties.TracingConfig).toEqual({ Mode: 'Active' });
    }
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  it('are told the settings', () => {
    const told = synthesize({
      afterCall: 'reuse',
      lockLeaseSec: '45',
      waitLimitSec: 30,
      gatewayName: 'gw',
      freeShards: 2,
      edgeLostGraceSec: 30,
    });
    const isTold = (name: string, variables: Record<string, string>) =>
      told.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `Switchroom-${name}`,
        Environment: { Variables: Match.objectLike({ TABLE_NAME: Match.anyValue(), ...variables }) },
      });
    const forLocks = { LOCK_LEASE_SEC: '45', FREE_SHARDS: '2' };
    isTold('register', { GATEWAY_NAME: 'gw', ...forLocks });
    isTold('allocate', { WAIT_LIMIT_SEC: '30', ...forLocks });
    isTold('calls', { AFTER_CALL: 'reuse', EDGE_LOST_GRACE_SEC: '30', ...forLocks });
    isTold('api', { ...forLocks, AFTER_CALL: 'reuse', WAIT_LIMIT_SEC: '30', EDGE_LOST_GRACE_SEC: '30' });
  });

  it('take a share of the account for themselves only where told to: a new account has none to give', () => {
    const reserved = (of: typeof template) =>
      Object.values(of.findResources('AWS::Lambda::Function')).flatMap(({ Properties }) =>
        Properties.ReservedConcurrentExecutions === undefined
          ? []
          : [[Properties.FunctionName, Properties.ReservedConcurrentExecutions]],
      );
    expect(reserved(template)).toEqual([]);
    expect(reserved(synthesize({ reservedConcurrency: 100 })).sort()).toEqual([
      ['Switchroom-allocate', 100],
      ['Switchroom-calls', 100],
      ['Switchroom-fleet', 100],
      ['Switchroom-register', 100],
    ]);
  });
});

describe('the door of gateways', () => {
  it('is one route, open to API Gateway, with a rate of its own, of as many as there may be gateways', () => {
    const open = Object.values(synthesize({ poolMax: 40 }).findResources('AWS::ApiGatewayV2::Route')).filter(
      ({ Properties }) => (Properties.AuthorizationType ?? 'NONE') === 'NONE',
    );
    expect(open.map(({ Properties }) => Properties.RouteKey)).toEqual(['POST /gateway/v1/media-reports']);
    synthesize({ poolMax: 40 }).hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
      RouteSettings: {
        'POST /gateway/v1/media-reports': { ThrottlingRateLimit: 40, ThrottlingBurstLimit: 80 },
      },
    });
  });
});

describe('the bus', () => {
  it('gives the calls function exactly the facts it acts on, and keeps what could not be delivered', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['switchroom.edge'], 'detail-type': [...consumedByCalls] },
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('CallsTriggersFactQueue[0-9A-F]{8}$'), 'Arn'] },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('CallsTriggers'), 'Arn'] } },
          RetryPolicy: Match.anyValue(),
        }),
      ],
    });
  });

  it.each([
    ['calls', { BatchSize: 10, MaximumBatchingWindowInSeconds: Match.absent() }],
    ['fleet', { BatchSize: 500, MaximumBatchingWindowInSeconds: 1 }],
  ])('gives facts to %s by a queue, in batches, each failing alone', (name, mapping) => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: `Switchroom-${name}`,
      RedrivePolicy: Match.objectLike({ maxReceiveCount: Match.anyValue() }),
    });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('TriggersFactQueue[0-9A-F]{8}$'), 'Arn'] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: Match.anyValue() },
      ...mapping,
    });
  });

  it('neither tries ticks again nor keeps them: the next minute has one of its own', () => {
    const schedules = Object.values(template.findResources('AWS::Events::Rule')).filter(
      ({ Properties }) => Properties.ScheduleExpression,
    );
    expect(schedules).toHaveLength(2);
    for (const { Properties } of schedules) {
      expect(Properties.Targets).toEqual([
        expect.objectContaining({
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        }),
      ]);
      expect(Properties.Targets[0].DeadLetterConfig).toBeUndefined();
    }
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::EventInvokeConfig'))) {
      expect(Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
      expect(Properties.DestinationConfig).toBeUndefined();
    }
  });

  it('wakes the calls function every minute', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' });
  });

  it('keeps the facts of calls for a replay', () => {
    synthesize({ archiveDays: 30 }).hasResourceProperties('AWS::Events::Archive', {
      EventPattern: { source: ['switchroom.edge'] },
      RetentionDays: 30,
    });
  });
});

describe('the pool', () => {
  const variables = (of: ReturnType<typeof synthesize>) =>
    Object.values(of.findResources('AWS::Lambda::Function')).find(
      ({ Properties }) => Properties.FunctionName === 'Switchroom-fleet',
    )?.Properties.Environment.Variables;

  it('is looked at on each call, registration and change of a task of its own cluster, and each minute', () => {
    const target = (pattern: string) => [
      Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp(pattern), 'Arn'] } }),
    ];
    const byQueue = target('FleetTriggersFactQueue[0-9A-F]{8}$');
    const rules = [
      {
        EventPattern: { source: ['switchroom.edge'], 'detail-type': [...consumedByFleet] },
        Targets: byQueue,
      },
      {
        EventPattern: {
          source: ['aws.ecs'],
          'detail-type': ['ECS Task State Change'],
          detail: Match.objectLike({ clusterArn: [Match.anyValue()] }),
        },
        Targets: byQueue,
      },
      { ScheduleExpression: 'rate(1 minute)', Targets: target('FunctionsFleet') },
    ];
    for (const rule of rules) template.hasResourceProperties('AWS::Events::Rule', rule);
  });

  it('is looked at without a wait for company where a call begins to wait', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['switchroom.edge'], 'detail-type': ['call.waiting'], detail: { ahead: [0] } },
      Targets: [
        Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('FunctionsFleet'), 'Arn'] } }),
      ],
    });
  });

  it('keeps two gateways free and has twenty at most, so that a first deployment answers a call', () => {
    const { POOL_POLICY, POOL_MAX } = variables(template);
    expect(POOL_MAX).toBe('20');
    expect(JSON.parse(POOL_POLICY)).toMatchObject({
      policy: 'timeline',
      timeline: { auto_scale_threshold: { default: { '00:00:00': { unlockedMin: 2, loadMax: 1 } } } },
    });
  });

  it('has no service: gateways in calls are never replaced or scaled in by ECS', () => {
    const services = Object.keys(template.findResources('AWS::ECS::Service'));
    expect(services.filter((id) => !id.startsWith('Edge'))).toEqual([]);
  });

  it('takes the policy of a file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'switchroom-policy-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'scaler.json');
    const thresholds = { '00:00:00': { unlockedMin: 3, loadMax: 0.8, maxGw: 9 } };
    writeFileSync(file, JSON.stringify({ auto_scale_threshold: thresholds }));
    const told = variables(
      synthesize({ poolPolicyFile: file, poolTimeZone: 'Europe/Paris', poolMax: 0, poolStartSec: 45 }),
    );
    expect(JSON.parse(told.POOL_POLICY)).toEqual({ auto_scale_threshold: thresholds });
    expect(told).toMatchObject({ POOL_TIME_ZONE: 'Europe/Paris', POOL_MAX: '0', POOL_START_SEC: '45' });
    expect(() => synthesize({ poolPolicyFile: '/nowhere.json' })).toThrow(SettingsError);
  });

  it('learns, where it is told to', () => {
    const told = variables(synthesize({ poolPolicy: 'predictive', poolMinFree: 1 }));
    expect(JSON.parse(told.POOL_POLICY)).toMatchObject({ policy: 'predictive', minFree: 1 });
  });
});

describe('a gateway', () => {
  it('gets its secrets from Secrets Manager and time to leave its call', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Family: 'Switchroom-gateway',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64' },
      ContainerDefinitions: [
        Match.objectLike({
          StopTimeout: 30,
          Environment: Match.arrayWith([{ Name: 'GW_NAME_PREFIX', Value: 'mediagw' }]),
          Secrets: ['SIP_SECRET', 'MEDIA_REPORT_SECRET'].map((Name) => Match.objectLike({ Name })),
        }),
      ],
    });
  });
});
