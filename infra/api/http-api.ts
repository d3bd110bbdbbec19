import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  type HttpRoute,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { gatewayRoutes } from '../../contracts/api/gateway-routes.ts';
import { gatewayDoor } from '../../contracts/api/routes.ts';
import { acknowledge } from '../acknowledge.ts';
import type { Settings } from '../settings.ts';

export interface OperatorsApiProps {
  settings: Settings;
  api: lambda.Function;
}

/** How long a browser may remember what another origin may ask. */
const corsMaxAge = Duration.hours(1);

/**
 * The way in for those who run it: an HTTP API before the `api` function. Below `/iam/v1` it takes signatures of AWS, and
 * below `/v1` tokens of an OIDC issuer, where the settings name one. Nothing gets to the function without one of them, but
 * for the console's page, and what gateways tell, which the function checks itself.
 */
export class OperatorsApi extends Construct {
  /** `https://…`, without a slash at its end. */
  readonly address: string;
  /** What gateways post their records to. */
  readonly mediaReports: string;

  constructor(scope: Construct, id: string, { settings, api }: OperatorsApiProps) {
    super(scope, id);
    const { oidcIssuer, oidcAudience, apiCorsOrigins, apiRequestsPerSec, poolMax } = settings;
    const httpApi = new HttpApi(this, 'Http', {
      apiName: `${Stack.of(this).stackName}-api`,
      description: 'Switchroom, for those who run it',
      createDefaultStage: false,
      ...(apiCorsOrigins.length > 0 && {
        corsPreflight: {
          allowOrigins: apiCorsOrigins,
          allowMethods: [CorsHttpMethod.ANY],
          allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-none-match'],
          exposeHeaders: ['etag'],
          maxAge: corsMaxAge,
        },
      }),
    });
    const accessLog = new logs.LogGroup(this, 'AccessLog', {
      retention: settings.logRetentionDays as logs.RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi,
      stageName: '$default',
      autoDeploy: true,
      // For all callers together: people look, and a program that polls has its ETag.
      throttle: { rateLimit: apiRequestsPerSec, burstLimit: 2 * apiRequestsPerSec },
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        format: AccessLogFormat.custom(JSON.stringify(accessLogLine)),
      },
    });
    const integration = new HttpLambdaIntegration('Function', api, { scopePermissionToRoute: false });
    const behind = (path: string, authorizer: IHttpRouteAuthorizer) =>
      httpApi.addRoutes({ path, methods: [HttpMethod.ANY], integration, authorizer });
    behind('/iam/v1/{proxy+}', new HttpIamAuthorizer());
    if (oidcIssuer !== '') {
      behind('/v1/{proxy+}', new HttpJwtAuthorizer('Tokens', oidcIssuer, { jwtAudience: [oidcAudience] }));
      // The console's page and script: the same for everybody, and of no use without a token.
      for (const path of ['/', '/console/{proxy+}']) {
        for (const route of httpApi.addRoutes({ path, methods: [HttpMethod.GET], integration })) {
          acknowledge(route, 'APIG4', 'The page holds nothing but itself; what it asks for needs a token');
        }
      }
    }
    const reports = `${gatewayDoor}${gatewayRoutes.reportMedia.path}`;
    const [route] = httpApi.addRoutes({ path: reports, methods: [HttpMethod.POST], integration });
    if (route) this.#bound(route, stage, `POST ${reports}`, poolMax);
    this.address = httpApi.apiEndpoint;
    this.mediaReports = `${this.address}${reports}`;
  }

  /** Requests of its own, so that whoever floods the one door that API Gateway lets everybody through takes none of people's. */
  #bound(route: HttpRoute, stage: HttpStage, key: string, poolMax: number): void {
    acknowledge(route, 'APIG4', "The function checks each gateway's own password before it reads anything");
    // A conference that ends may end all calls at once.
    const limits = {
      ThrottlingRateLimit: Math.max(10, poolMax),
      ThrottlingBurstLimit: Math.max(20, 2 * poolMax),
    };
    (stage.node.defaultChild as CfnStage).addPropertyOverride('RouteSettings', { [key]: limits });
    // It may name no route that is not there.
    stage.node.addDependency(route);
  }
}

/** What the access log says of each request. No query: it may hold a caller's address. */
const accessLogLine = {
  requestId: '$context.requestId',
  at: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  ms: '$context.responseLatency',
  who: '$context.authorizer.claims.sub',
  arn: '$context.identity.userArn',
  refused: '$context.authorizer.error',
};
