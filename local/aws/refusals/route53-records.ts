import { onEach, type Rule } from './rule.ts';

/** A record among several of its name is told from them, and one with a value has a time to live. */
export const route53Records: Rule = {
  source: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html',
  refuse: onEach(['AWS::Route53::RecordSet'], ({ properties }) => {
    const { MultiValueAnswer, SetIdentifier, TTL, ResourceRecords, AliasTarget } = properties;
    if (MultiValueAnswer === true && SetIdentifier === undefined)
      return 'Missing field SetIdentifier: it is required where MultiValueAnswer is set.';
    if (MultiValueAnswer === true && AliasTarget !== undefined)
      return 'A multivalue answer record cannot be an alias.';
    return ResourceRecords !== undefined && TTL === undefined ? 'Missing field TTL' : undefined;
  }),
};
