import { RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

/**
 * The secret by which an edge's application logs in to its drachtio. Both containers get the same one: drachtio and
 * drachtio-srf have defaults of their own, which differ. It is no data: a stack that is made again makes another.
 */
export class DrachtioSecret extends Construct {
  readonly secret: secretsmanager.Secret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.secret = new secretsmanager.Secret(this, 'Secret', {
      description: "What an edge's application says to its drachtio when it connects",
      generateSecretString: {
        passwordLength: 32,
        // It stands in an attribute of drachtio's XML, and in a field of its protocol that `|` ends.
        excludePunctuation: true,
      },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.secret,
      'SMG4',
      'Both containers read it as their task starts: a new task is the rotation',
    );
  }
}
