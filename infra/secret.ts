import { RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** The key of the secret's JSON that new digests are made with; `previous` may stand beside it in a rotation. */
export const currentSecretKey = 'current';

/** A secret that all gateways share, and somebody who asks them for it. */
export class GatewaySecret extends Construct {
  readonly secret: secretsmanager.Secret;

  /** @param keep whether it outlives the stack @param what it is, in words */
  constructor(scope: Construct, id: string, { keep, what }: { keep: boolean; what: string }) {
    super(scope, id);
    this.secret = new secretsmanager.Secret(this, 'Secret', {
      description: `${what}: JSON with "current" and, during a rotation, "previous"`,
      generateSecretString: {
        secretStringTemplate: '{}',
        generateStringKey: currentSecretKey,
        passwordLength: 32,
        // It stands in baresip's account line, where punctuation separates parameters.
        excludePunctuation: true,
      },
      removalPolicy: keep ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.secret,
      'SMG4',
      'Gateways read it as they start: who rotates it keeps the previous one beside it',
    );
  }
}
