import { ofType, type Rule } from './rule.ts';

/** A service whose tasks have networks of their own says where. */
export const ecsServiceNetwork: Rule = {
  source:
    'https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html (networkConfiguration)',
  refuse: (resources) =>
    ofType(resources, 'AWS::ECS::Service').flatMap(({ logicalId, properties }) => {
      const definition = resources.find(({ ref }) => ref === properties.TaskDefinition);
      const isMissing = definition?.properties.NetworkMode === 'awsvpc' && !properties.NetworkConfiguration;
      const says = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
      return isMissing ? [{ logicalId, says }] : [];
    }),
};
