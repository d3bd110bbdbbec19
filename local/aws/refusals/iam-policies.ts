import { listIn, ofType, type Rule } from './rule.ts';

/** Characters, without blanks, of all inline policies of a role. */
const most = 10_240;

/** The policies of a role are no longer than this. */
export const iamPolicies: Rule = {
  source:
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length',
  refuse: (resources) =>
    ofType(resources, 'AWS::IAM::Role').flatMap(({ logicalId, ref }) => {
      const policies = ofType(resources, 'AWS::IAM::Policy').filter(({ properties }) =>
        listIn<string>(properties.Roles).includes(ref),
      );
      const length = policies.reduce(
        (sum, { properties }) => sum + JSON.stringify(properties.PolicyDocument).length,
        0,
      );
      return length > most
        ? [{ logicalId, says: `Maximum policy size of ${most} bytes exceeded for role ${ref}` }]
        : [];
    }),
};
