import { blaming, UnsupportedError } from '../http/errors.ts';
import { accountId, region } from '../identity.ts';
import { functionNameOf } from '../lambda/function-name.ts';
import type { JsonObject, Resource } from '../template.ts';
import { type RouteKey, readRouteKey } from './route-key.ts';
import type { Throttle } from './throttle.ts';

/* An HTTP API (API Gateway, version 2) as the template has it. */

export type RouteAuthorizer =
  | { type: 'none' }
  | { type: 'iam' }
  | { type: 'jwt'; issuer: string; audience: readonly string[] };

export interface HttpRoute {
  key: RouteKey;
  authorizer: RouteAuthorizer;
  functionName: string;
  /** Of all who ask by this route together. */
  throttle: Throttle | undefined;
}

export interface Cors {
  origins: readonly string[];
  methods: readonly string[];
  headers: readonly string[];
  exposed: readonly string[];
  maxAgeSec: number | undefined;
}

export interface HttpApi {
  id: string;
  routes: readonly HttpRoute[];
  cors: Cors | undefined;
}

const types = {
  api: 'AWS::ApiGatewayV2::Api',
  stage: 'AWS::ApiGatewayV2::Stage',
  route: 'AWS::ApiGatewayV2::Route',
  integration: 'AWS::ApiGatewayV2::Integration',
  authorizer: 'AWS::ApiGatewayV2::Authorizer',
};

/** The one stage that is played: the API's address has no stage in it. */
const defaultStage = '$default';

const text = (value: unknown) => String(value ?? '');
const list = (value: unknown) => ((value ?? []) as unknown[]).map(String);

/** @throws UnsupportedError for what an API asks that is not played here */
export function readHttpApis(resources: readonly Resource[]): HttpApi[] {
  const ofType = (type: string, apiId: string) =>
    resources.filter((one) => one.type === type && one.properties.ApiId === apiId);
  return resources
    .filter(({ type }) => type === types.api)
    .map(({ logicalId, ref: id, properties }) =>
      blaming(logicalId, () => {
        if (properties.ProtocolType !== 'HTTP') throw new UnsupportedError('only HTTP APIs are played here');
        const stages = ofType(types.stage, id);
        const others = stages.filter((stage) => stage.properties.StageName !== defaultStage);
        if (others.length > 0) throw new UnsupportedError('only the stage $default is played here');
        const integrations = ofType(types.integration, id);
        const authorizers = ofType(types.authorizer, id);
        // Without a stage nothing is deployed.
        const [stage] = stages;
        const routes = stage === undefined ? [] : ofType(types.route, id);
        return {
          id,
          routes: routes.map(({ logicalId: name, properties: route }) =>
            blaming(name, () => ({
              ...routeOf(route, integrations, authorizers),
              throttle: throttleOf(text(route.RouteKey), stage?.properties ?? {}),
            })),
          ),
          cors: corsOf(properties.CorsConfiguration as JsonObject | undefined),
        };
      }),
    );
}

function routeOf(
  properties: JsonObject,
  integrations: readonly Resource[],
  authorizers: readonly Resource[],
): Omit<HttpRoute, 'throttle'> {
  const integration = integrations.find(({ ref }) => properties.Target === `integrations/${ref}`);
  if (!integration) throw new UnsupportedError(`no integration ${text(properties.Target)}`);
  const { IntegrationType, IntegrationUri, PayloadFormatVersion } = integration.properties;
  if (IntegrationType !== 'AWS_PROXY' || PayloadFormatVersion !== '2.0') {
    throw new UnsupportedError('only functions with payload format 2.0 are played here');
  }
  return {
    key: readRouteKey(text(properties.RouteKey)),
    authorizer: authorizerOf(properties, authorizers),
    functionName: functionNameOf(text(IntegrationUri)),
  };
}

/** A route's own settings count more than those of its stage. */
function throttleOf(key: string, { DefaultRouteSettings, RouteSettings }: JsonObject): Throttle | undefined {
  const own = (RouteSettings as JsonObject | undefined)?.[key] as JsonObject | undefined;
  const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = {
    ...(DefaultRouteSettings as JsonObject | undefined),
    ...own,
  };
  if (rate === undefined || burst === undefined) return undefined;
  return { ratePerSec: Number(rate), burst: Number(burst) };
}

function authorizerOf(
  { AuthorizationType, AuthorizerId }: JsonObject,
  authorizers: readonly Resource[],
): RouteAuthorizer {
  switch (AuthorizationType ?? 'NONE') {
    case 'NONE':
      return { type: 'none' };
    case 'AWS_IAM':
      return { type: 'iam' };
    case 'JWT': {
      const authorizer = authorizers.find(({ ref }) => ref === AuthorizerId);
      const { Issuer, Audience } = (authorizer?.properties.JwtConfiguration ?? {}) as JsonObject;
      if (!Issuer) throw new UnsupportedError(`no authorizer ${text(AuthorizerId)}`);
      return { type: 'jwt', issuer: text(Issuer), audience: list(Audience) };
    }
    default:
      throw new UnsupportedError(
        `the local cloud does not know the authorization ${text(AuthorizationType)}`,
      );
  }
}

function corsOf(configuration: JsonObject | undefined): Cors | undefined {
  if (configuration === undefined) return undefined;
  const { AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders, MaxAge } = configuration;
  return {
    origins: list(AllowOrigins),
    methods: list(AllowMethods),
    headers: list(AllowHeaders),
    exposed: list(ExposeHeaders),
    maxAgeSec: MaxAge === undefined ? undefined : Number(MaxAge),
  };
}

/** ARN of what is asked for, as policies name it. */
export function executeApiArn(apiId: string, method: string, path: string): string {
  return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${defaultStage}/${method}${path}`;
}
