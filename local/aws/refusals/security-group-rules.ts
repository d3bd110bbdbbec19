import { listIn, ofType, type Rule } from './rule.ts';

/** For each direction and family of addresses; the quota of an account that has asked for no other. */
const most = 60;

/** A security group has so many rules. */
export const securityGroupRules: Rule = {
  source:
    'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups',
  refuse: (resources) =>
    ofType(resources, 'AWS::EC2::SecurityGroup').flatMap(({ logicalId, attributes, properties }) => {
      const own = listIn(properties.SecurityGroupIngress);
      const beside = ofType(resources, 'AWS::EC2::SecurityGroupIngress').filter(
        (one) => one.properties.GroupId === attributes.GroupId,
      );
      const isV6 = (rule: object) => 'CidrIpv6' in rule;
      const all = [...own, ...beside.map((one) => one.properties)];
      const v6 = all.filter(isV6).length;
      return Math.max(v6, all.length - v6) > most
        ? [{ logicalId, says: 'The maximum number of rules per security group has been reached.' }]
        : [];
    }),
};
