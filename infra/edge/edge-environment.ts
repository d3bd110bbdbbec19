import { Stack } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Functions } from '../functions/functions.ts';
import type { GatewaySecret } from '../secret.ts';
import type { Settings } from '../settings.ts';

export interface EdgeEnvironmentProps {
  settings: Settings;
  functions: Functions;
  bus: EventBus;
  secret: GatewaySecret;
}

/** What callers that have never acknowledged an answer may hold of the pool at each edge: a quarter, and a few of a small one. */
const halfOpenLimit = ({ poolMax }: Settings) => Math.max(5, Math.ceil(poolMax / 4));

/** The variables every edge of the deployment shares (docs/architecture.md); its name and addresses are its own. */
export function edgeEnvironment({ settings, functions, bus, secret }: EdgeEnvironmentProps) {
  return {
    SIP_DOMAIN: settings.domain,
    GATEWAY_NAME: settings.gatewayName,
    GATEWAY_TEXT: settings.gatewayText,
    MIN_EXPIRES_SEC: String(settings.minExpiresSec),
    MIN_EXPIRES_MODE: settings.minExpiresMode,
    WAIT_LIMIT_SEC: String(settings.waitLimitSec),
    TRACE_SAMPLE_PERCENT: String(settings.traceSamplePercent),
    REPAIR_SDP: String(settings.repairSdp),
    TRUSTED_ADDRESSES: settings.trustedAddresses.join(','),
    HALF_OPEN_LIMIT: String(halfOpenLimit(settings)),
    REGISTER_FUNCTION: functions.register.functionName,
    ALLOCATE_FUNCTION: functions.allocate.functionName,
    CALLS_FUNCTION: functions.calls.functionName,
    BUS_NAME: bus.eventBusName,
    STACK_NAME: Stack.of(bus).stackName,
    SIP_SECRET_ARN: secret.secret.secretArn,
    ...(settings.endpointsSecretArn !== '' && { ENDPOINTS_SECRET_ARN: settings.endpointsSecretArn }),
  };
}

/** Lets an edge use what its variables name. */
export function grantEdge(
  grantee: IGrantable,
  { settings, functions, bus, secret }: EdgeEnvironmentProps,
): void {
  // Not grantInvoke, which allows every version and alias as well.
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [functions.register, functions.allocate, functions.calls].map(
        ({ functionArn }) => functionArn,
      ),
    }),
  );
  bus.grantPutEventsTo(grantee);
  secret.secret.grantRead(grantee);
  if (settings.endpointsSecretArn === '') return;
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [settings.endpointsSecretArn],
    }),
  );
}
