import { CfnOutput, Fn, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ApiFunction } from './api/api-function.ts';
import { OperatorsApi } from './api/http-api.ts';
import { OrdersTrigger } from './api/orders-trigger.ts';
import { SipNames } from './edge/dns.ts';
import { edgeEnvironment, grantEdge } from './edge/edge-environment.ts';
import { EdgeServices, edgeNames } from './edge/edge-service.ts';
import { LoadBalancer } from './edge/load-balancer.ts';
import { RecordExport } from './export/record-export.ts';
import { Webhook } from './export/webhook.ts';
import { CallsTriggers, FactBus, FleetTriggers } from './functions/bus.ts';
import { Functions } from './functions/functions.ts';
import { Gateways } from './gateways/gateways.ts';
import { TurnServers } from './gateways/turn-servers.ts';
import { Network } from './network.ts';
import { GatewaySecret } from './secret.ts';
import type { Settings } from './settings.ts';
import { StateTable } from './table.ts';
import { Alarms } from './watch/alarms.ts';
import { Dashboard } from './watch/dashboard.ts';
import { Queries } from './watch/queries.ts';

export interface SwitchroomStackProps extends StackProps {
  settings: Settings;
  /** Directory of the functions' bundles, one directory each. */
  bundles: string;
  /** Directory of the edge application's image. */
  edgeImage: string;
  /** Directory of the sample gateway's image. */
  gatewayImage: string;
}

/** Switchroom whole: edges before a control plane, and what gateways run on. */
export class SwitchroomStack extends Stack {
  readonly #zones: number;

  constructor(scope: Construct, id: string, props: SwitchroomStackProps) {
    const { settings, bundles, edgeImage, gatewayImage, ...stackProps } = props;
    super(scope, id, {
      description: 'Switchroom: control plane of a pool of SIP media gateways',
      terminationProtection: settings.keepData,
      ...stackProps,
    });
    this.#zones = settings.zones;
    // The published schemas of these two have no tags, whatever CDK writes.
    const excludeResourceTypes = ['AWS::CloudWatch::Dashboard', 'AWS::ElasticLoadBalancingV2::Listener'];
    Tags.of(this).add('switchroom', this.stackName, { excludeResourceTypes });

    const keep = settings.keepData;
    const table = new StateTable(this, 'State', { keep });
    const secret = new GatewaySecret(this, 'Sip', { keep, what: 'Shared secret of the SIP gateways' });
    const reportSecret = new GatewaySecret(this, 'MediaReports', {
      // Nobody but the stack's own tasks has it: another one does for the next.
      keep: false,
      what: 'What the passwords of gateways for their media reports follow from',
    });
    const network = new Network(this, 'Network', { settings });
    const names = edgeNames(this, 'EdgeNames', network.vpc);
    const turn =
      settings.mediaAddress === 'turn'
        ? new TurnServers(this, 'Turn', { settings, network, namespace: names.service.namespace })
        : undefined;
    const gateways = new Gateways(this, 'Gateways', {
      image: gatewayImage,
      settings,
      secret,
      reportSecret,
      network,
      sipServer: names.sipServer,
      turn,
    });
    const { bus } = new FactBus(this, 'Facts', settings);
    const functions = new Functions(this, 'Functions', { bundles, settings, table, gateways, bus });
    const { function: api } = new ApiFunction(this, 'Operators', {
      bundles,
      settings,
      table,
      bus,
      gateways,
      reportSecret,
    });
    const operatorsApi = new OperatorsApi(this, 'OperatorsApi', { settings, api });
    gateways.reportMediaTo(operatorsApi.mediaReports);
    const orders = new OrdersTrigger(this, 'OrdersTrigger', { bus, fleet: functions.fleet });
    const calls = new CallsTriggers(this, 'CallsTriggers', { bus, calls: functions.calls });
    const recordExport =
      settings.recordExportDays > 0 ? new RecordExport(this, 'Records', { settings, bus }) : undefined;
    const webhook = settings.webhookUrl !== '' ? new Webhook(this, 'Webhook', { settings, bus }) : undefined;
    const { clusterArn } = gateways.cluster;
    const fleet = new FleetTriggers(this, 'FleetTriggers', { bus, fleet: functions.fleet, clusterArn });

    const tls = settings.tlsCertificateSecretArn !== '';
    const loadBalancers = network.vpc.publicSubnets.map((_subnet, index) => {
      const zone = index + 1;
      return new LoadBalancer(this, `LoadBalancer${zone}`, { network, zone, tls });
    });
    const edge = new EdgeServices(this, 'Edge', {
      image: edgeImage,
      settings,
      network,
      loadBalancers,
      names,
      environment: edgeEnvironment({ settings, functions, bus, secret }),
      grants: (grantee) => grantEdge(grantee, { settings, functions, bus, secret }),
    });
    // A gateway that starts before the first edge has its name is told that there is none, and remembers it.
    fleet.node.addDependency(...edge.services);
    orders.node.addDependency(...edge.services);

    const watched = {
      loadBalancers,
      functions: [...functions.all, api],
      table: table.table,
      queues: [calls.facts, fleet.facts],
    };
    const alarms = new Alarms(this, 'Alarms', {
      settings,
      ...watched,
      exportLetters: [recordExport, webhook].flatMap((one) => (one ? [one.deadLetters] : [])),
    });
    // Not before there is something to watch: each would go off with the first deployment.
    alarms.node.addDependency(...edge.services);
    if (settings.hostedZoneId !== '') {
      new SipNames(this, 'Names', { settings, loadBalancers, edgeDown: alarms.edgeDown, tls });
    }
    const { dashboard } = new Dashboard(this, 'Watch', { alarms, edgeLog: edge.logGroup, ...watched });
    new Queries(this, 'Queries', {
      edgeLog: edge.logGroup,
      functionLogs: watched.functions.map(({ logGroup }) => logGroup),
    });

    const output = (name: string, value: string, description: string) =>
      new CfnOutput(this, name, { value, description });
    const [first] = loadBalancers;
    output(
      'SipAddress',
      `sip:ROOM@${settings.domain}`,
      'What room systems call, for a room of the conference',
    );
    output(
      'SipServer',
      `${first?.address.attrPublicIp}:5060`,
      'Where SIP is taken: one address of it, UDP and TCP',
    );
    output(
      'DashboardAddress',
      `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards/dashboard/${dashboard.dashboardName}`,
      'The dashboard: is it up, are there free gateways, are calls failing and why, what is slow',
    );
    output('AlarmTopic', alarms.topic.topicArn, 'Where alarms are published');
    output('CallsQueue', calls.facts.queue.queueName, 'Facts on their way to the calls function');
    output('FleetQueue', fleet.facts.queue.queueName, 'Facts on their way to the fleet function');
    output(
      'ApiAddress',
      operatorsApi.address,
      'The API, which `switchroom` asks, and with oidcIssuer the console',
    );
    output('FleetFunction', functions.fleet.functionName, 'What starts and drains gateways');
    output('TableName', table.table.tableName, 'The table');
    output('BusName', bus.eventBusName, 'The bus of facts');
    if (recordExport) output('RecordBucket', recordExport.bucket.bucketName, 'The records of calls');
    if (webhook?.secret) {
      output('WebhookSecretName', webhook.secret.secretName, 'What the receiver of facts is shown');
    }
    output('SipSecretName', secret.secret.secretName, "The gateways' shared secret");
    output(
      'MediaReportSecretName',
      reportSecret.secret.secretName,
      "What gateways' passwords for their media reports follow from",
    );
    output('Cluster', gateways.cluster.clusterName, 'ECS cluster of the gateways');
    output('GatewayTaskDefinition', gateways.taskDefinition.taskDefinitionArn, 'How a gateway is started');
  }

  /** As many as the settings say: without a region, CDK would take two. */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.#zones }, (_zone, index) => Fn.select(index, Fn.getAzs()));
  }
}
