import { type QueryOperation, type QueryService, textIn } from './http/query.ts';
import { accessKeyOf, personKey } from './iam/permissions.ts';
import type { Signatures } from './iam/signatures.ts';
import { accountId, partition } from './identity.ts';

const credentialsLastMs = 3_600_000;

/** Security Token Service: who asks, and what a role is known by here. */
export const sts = (signatures: Signatures): QueryService => ({
  prefix: 'sts',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  operations: new Map(
    Object.entries<QueryOperation>({
      GetCallerIdentity: () => ({
        Arn: `arn:${partition}:iam::${accountId}:user/local`,
        UserId: 'local',
        Account: accountId,
      }),
      AssumeRole: (request) => {
        const role = textIn(request, 'RoleArn').split('/').at(-1) ?? '';
        const session = textIn(request, 'RoleSessionName');
        // The roles of `cdk bootstrap` act for the person at this machine.
        const key = role.startsWith('cdk-') ? personKey : accessKeyOf(role);
        const { accessKeyId, secretAccessKey } = signatures.credentialsOf(key);
        return {
          Credentials: {
            AccessKeyId: accessKeyId,
            SecretAccessKey: secretAccessKey,
            SessionToken: 'local',
            Expiration: new Date(Date.now() + credentialsLastMs),
          },
          AssumedRoleUser: {
            Arn: `arn:${partition}:sts::${accountId}:assumed-role/${role}/${session}`,
            AssumedRoleId: `${role}:${session}`,
          },
        };
      },
    }),
  ),
});
