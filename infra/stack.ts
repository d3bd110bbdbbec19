import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { CallsTriggers, FactBus } from './bus.ts';
import { edgeEnvironment } from './edge-environment.ts';
import { Functions } from './functions.ts';
import { Gateways } from './gateways.ts';
import { SipSecret } from './secret.ts';
import type { Settings } from './settings.ts';
import { StateTable } from './table.ts';

export interface SwitchroomStackProps extends StackProps {
  settings: Settings;
  /** Directory of the functions' bundles, one directory each. */
  bundles: string;
  /** Directory of the gateway's image. */
  gatewayImage: string;
}

/** The control plane: table, functions, bus, secret, and the definition of a gateway. */
export class SwitchroomStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { settings, bundles, gatewayImage, ...props }: SwitchroomStackProps,
  ) {
    super(scope, id, { description: 'Switchroom: control plane of a pool of SIP media gateways', ...props });

    const table = new StateTable(this, 'State');
    const secret = new SipSecret(this, 'Sip');
    const gateways = new Gateways(this, 'Gateways', { image: gatewayImage, settings, secret });
    const deadLetters = new sqs.Queue(this, 'DeadLetters', {
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
    });
    const functions = new Functions(this, 'Functions', {
      bundles,
      settings,
      table,
      deadLetters,
      cluster: { name: gateways.clusterName, arn: gateways.clusterArn, taskArns: gateways.taskArns },
    });
    const { bus } = new FactBus(this, 'Facts');
    new CallsTriggers(this, 'CallsTriggers', { bus, calls: functions.calls, deadLetters });

    const output = (name: string, value: string, description: string) =>
      new CfnOutput(this, name, { value, description });
    output('InspectFunction', functions.inspect.functionName, 'What `npm run pool -- --stack` asks');
    output('TableName', table.table.tableName, 'The table');
    output('BusName', bus.eventBusName, 'The bus of facts');
    output('SipSecretArn', secret.secret.secretArn, "The gateways' shared secret");
    output('Cluster', gateways.clusterName, 'ECS cluster of the gateways');
    output('GatewayTaskDefinition', gateways.taskDefinition.taskDefinitionArn, 'How a gateway is started');
    output(
      'EdgeEnvironment',
      this.toJsonString(edgeEnvironment({ settings, functions, bus, secret })),
      'Variables of an edge that runs beside the stack, as JSON',
    );
  }
}
