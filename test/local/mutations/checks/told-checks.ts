import { spawnSync } from 'node:child_process';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { gatewayDoor } from '../../../../contracts/api/routes.ts';
import { containerNamed } from '../../../../local/aws/ecs/task-definition.ts';
import { accessKeyOf } from '../../../../local/aws/iam/permissions.ts';
import type { Needed } from '../../../../local/aws/iam/policy.ts';
import { arn } from '../../../../local/aws/identity.ts';
import { appContainer, drachtioContainer } from '../../../../local/run/edge.ts';
import { readSettings as readEdgeSettings } from '../../../../sip-edge/settings.ts';
import { gatewayContainer } from '../control-plane.ts';
import { type Check, compare } from './check.ts';

/** What the processes are told as they start. */
export const toldChecks: readonly Check[] = [
  {
    name: 'the edge, its SIP server and the gateways are told the settings',
    run: async (plane, settings) => {
      const { edge, environment } = plane;
      const secretsOf = (container: string) =>
        Object.fromEntries(
          Object.entries(containerNamed(edge, container).secrets).map(([name, from]) => [
            name,
            plane.cloud.secrets.containerValue(from),
          ]),
        );
      const told = readEdgeSettings({ ...environment, ...secretsOf(appContainer) });
      const { domain, gatewayName, minExpiresSec, minExpiresMode, waitLimitSec, trustedAddresses } = settings;
      compare(
        edge.family,
        {
          STACK_NAME: told.stackName,
          SIP_DOMAIN: told.sipDomain,
          GATEWAY_NAME: told.gatewayName,
          MIN_EXPIRES_SEC: told.minExpiresSec,
          MIN_EXPIRES_MODE: told.minExpiresMode,
          WAIT_LIMIT_SEC: told.waitLimitSec,
          TRUSTED_ADDRESSES: told.trustedAddresses,
          GATEWAY_TEXT: told.gatewayText,
          HALF_OPEN_LIMIT: told.halfOpenLimit,
          TRACE_SAMPLE_PERCENT: told.traceSamplePercent,
          LOCAL_NET: told.localNet,
          TARGET_GROUPS: told.targetGroups.length,
        },
        {
          STACK_NAME: plane.cloud.stack.name,
          SIP_DOMAIN: domain,
          GATEWAY_NAME: gatewayName,
          MIN_EXPIRES_SEC: minExpiresSec,
          MIN_EXPIRES_MODE: minExpiresMode,
          WAIT_LIMIT_SEC: waitLimitSec,
          TRUSTED_ADDRESSES: trustedAddresses,
          GATEWAY_TEXT: settings.gatewayText,
          HALF_OPEN_LIMIT: Math.max(5, Math.ceil(settings.poolMax / 4)),
          TRACE_SAMPLE_PERCENT: settings.traceSamplePercent,
          LOCAL_NET: settings.vpcCidr,
          TARGET_GROUPS: settings.tlsCertificateSecretArn === '' ? 1 : 2,
        },
      );
      for (const name of [
        'DRACHTIO_ADDRESS',
        'HEALTH_HOST',
        'HEALTH_PORT',
        'REPAIR_SDP',
        'DRAIN_LIMIT_SEC',
        'STATE_DIR',
        'FURTHER_DOMAINS',
      ]) {
        if (!environment[name]) throw new Error(`${edge.family}: ${name} is not set`);
      }
      const drachtio = containerNamed(edge, drachtioContainer);
      compare(edge.family, secretsOf(drachtioContainer), { DRACHTIO_SECRET: told.drachtioSecret });
      compare(edge.family, drachtio.environment, {
        SIP_DOMAIN: domain,
        SIP_PORT: '5060',
        LOCAL_NET: settings.vpcCidr,
      });
      const started = spawnSync('sh', ['-c', 'set -u; : "$EXTERNAL_IP"'], { env: drachtio.environment });
      if (started.status !== 0) throw new Error(`${edge.family}: ${started.stderr}`);

      const definition = plane.gatewayDefinition;
      const gateway = containerNamed(definition, gatewayContainer);
      compare(definition.family, gateway.environment, {
        SIP_DOMAIN: domain,
        GW_NAME_PREFIX: gatewayName,
        GW_ID: '1',
        AFTER_CALL: settings.afterCall,
        STUN_SERVER: settings.stunServer,
        SIP_SERVER: plane.serviceWith(appContainer).dnsName,
        MEDIA_REPORT_URL: `${plane.cloud.stack.outputs.ApiAddress}${gatewayDoor}/media-reports`,
      });
      for (const name of ['SIP_SECRET', 'MEDIA_REPORT_SECRET']) {
        if (!gateway.secrets[name]) throw new Error(`${definition.family}: ${name} is not set`);
      }
    },
  },
  {
    name: 'the edge starts, and reads the secret',
    run: async (plane) => {
      plane.cloud.authorizeStart(plane.edge);
      const client = new SecretsManagerClient(plane.as(plane.edge.taskRole));
      const request = new GetSecretValueCommand({ SecretId: plane.environment.SIP_SECRET_ARN });
      const { SecretString } = await client.send(request).finally(() => client.destroy());
      if (!JSON.parse(SecretString ?? '').current) throw new Error('SIP_SECRET_ARN: has no current secret');
    },
  },
  {
    name: 'the edge keeps ECS from ending its task in a call',
    run: async ({ agentUri }) => {
      const answer = await fetch(`${agentUri}/task-protection/v1/state`, {
        method: 'PUT',
        body: JSON.stringify({ ProtectionEnabled: true, ExpiresInMinutes: 10 }),
      });
      const { protection, error } = (await answer.json()) as {
        protection?: object;
        error?: { Message: string };
      };
      if (!protection) throw new Error(error?.Message);
    },
  },
  {
    name: 'the edge may learn who succeeds it, and leave its target groups',
    run: async ({ cloud, resources, edge, environment }) => {
      const key = accessKeyOf(edge.taskRole);
      const cluster = resources.find(
        ({ type, logicalId }) => type === 'AWS::ECS::Cluster' && logicalId.startsWith('Edge'),
      );
      const name = cluster?.ref ?? '';
      const context = { 'ecs:cluster': arn('ecs', `cluster/${name}`) };
      const needed: Needed[] = [
        { action: 'ecs:DescribeTasks', resource: arn('ecs', `task/${name}/0123`), context },
        { action: 'ecs:DescribeServices', resource: arn('ecs', `service/${name}/edge`), context },
        { action: 'elasticloadbalancing:DescribeTargetHealth', resource: '*' },
        ...readTargetGroups(environment).map((resource) => ({
          action: 'elasticloadbalancing:DeregisterTargets',
          resource,
        })),
      ];
      for (const one of needed) cloud.permissions.check(key, one);
    },
  },
];

const readTargetGroups = ({ TARGET_GROUPS = '' }: Record<string, string>) => TARGET_GROUPS.split(',');
