import { CfnResource, Lazy } from 'aws-cdk-lib';

/**
 * Leaves out of a resource's DependsOn what it refers to, and so waits for anyhow: CDK names a function's role beside
 * what the role may do. CDK reckons DependsOn when it writes the template, where nothing can be removed any more.
 */
export function dependNotOn(referred: CfnResource, resource: CfnResource): void {
  const others = () =>
    resource
      .obtainDependencies()
      .filter((one): one is CfnResource => CfnResource.isCfnResource(one) && one !== referred);
  resource.addOverride('DependsOn', Lazy.any({ produce: () => others().map(({ logicalId }) => logicalId) }));
}
