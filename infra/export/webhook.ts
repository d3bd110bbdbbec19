import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Settings } from '../settings.ts';
import { exportLetters } from './dead-letters.ts';

export interface WebhookProps {
  settings: Settings;
  bus: events.EventBus;
}

/** Requests a second: more wait. */
const mostPerSec = 50;

/** Sends facts to an address of others, with a header that only they and we know: rule, API destination, dead letters. */
export class Webhook extends Construct {
  /** What the address did not take for a day. */
  readonly deadLetters: sqs.Queue;
  /** The header's value, where the settings name none. */
  readonly secret: secretsmanager.Secret | undefined;

  constructor(scope: Construct, id: string, { settings, bus }: WebhookProps) {
    super(scope, id);
    const { webhookUrl, webhookHeader, webhookSecretArn, webhookFacts } = settings;
    this.secret = webhookSecretArn === '' ? this.#ownSecret(settings.keepData) : undefined;
    const connection = new events.Connection(this, 'Connection', {
      description: 'How the receiver of facts knows who sends them',
      // CloudFormation reads it as the connection is made or changed; it stands in no template.
      authorization: events.Authorization.apiKey(
        webhookHeader,
        this.secret?.secretValue ?? SecretValue.secretsManager(webhookSecretArn),
      ),
    });
    const destination = new events.ApiDestination(this, 'Destination', {
      description: 'Where facts are sent',
      connection,
      endpoint: webhookUrl,
      httpMethod: events.HttpMethod.POST,
      rateLimitPerSecond: mostPerSec,
    });
    this.deadLetters = exportLetters(this, 'webhook');
    new events.Rule(this, 'Rule', {
      eventBus: bus as events.IEventBus,
      description: 'Facts that are sent to webhookUrl',
      eventPattern: { detailType: webhookFacts },
      targets: [
        new targets.ApiDestination(destination as events.IApiDestination, {
          event: events.RuleTargetInput.fromEventPath('$.detail'),
          deadLetterQueue: this.deadLetters,
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
        }),
      ],
    });
  }

  #ownSecret(keep: boolean): secretsmanager.Secret {
    const secret = new secretsmanager.Secret(this, 'Secret', {
      description: 'What the receiver of facts is shown in a header',
      generateSecretString: { passwordLength: 40, excludePunctuation: true },
      removalPolicy: keep ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(secret, 'SMG4', 'The receiver is told it by whoever runs both');
    return secret;
  }
}
