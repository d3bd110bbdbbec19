import { accountId, region } from '../identity.ts';

/* What `cdk bootstrap` would have made in the account (AWS CDK, "Bootstrapping"): where a deployment puts its files. */

const qualifier = 'hnb659fds';

export const assetBucket = `cdk-${qualifier}-assets-${accountId}-${region}`;
export const imageRepository = `cdk-${qualifier}-container-assets-${accountId}-${region}`;
/** Name → value in the Parameter Store. The CLI refuses to deploy to an older version than it needs. */
export const parameters: ReadonlyMap<string, string> = new Map([
  [`/cdk-bootstrap/${qualifier}/version`, '30'],
]);
