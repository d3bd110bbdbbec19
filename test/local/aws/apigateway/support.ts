import { signedHeaders } from '../../../../command-line/sigv4.ts';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { functionResource, startTestCloud, type TestCloud } from '../test-cloud.ts';

const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });
const ref = (logicalId: string) => ({ Ref: logicalId });

export const audience = 'the-api';

interface Options {
  /** Key of a route → how it is authorized. */
  routes: Record<string, 'NONE' | 'AWS_IAM' | 'JWT'>;
  issuer?: string;
  api?: JsonObject;
  stage?: JsonObject;
  /** Where the function lets itself be invoked from, beside this API. */
  mayInvoke?: boolean;
}

/** A cloud with one HTTP API before a function that echoes, and a way to ask it. */
export async function startApi({
  routes,
  issuer = 'https://nowhere.test',
  api = {},
  stage = {},
  mayInvoke = true,
}: Options) {
  const routeResources = Object.entries(routes).map(([RouteKey, AuthorizationType], at) => [
    `Route${at}`,
    {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: ref('Api'),
        RouteKey,
        AuthorizationType,
        Target: { 'Fn::Join': ['', ['integrations/', ref('Integration')]] },
        ...(AuthorizationType === 'JWT' && { AuthorizerId: ref('Authorizer') }),
      },
    },
  ]);
  const cloud: TestCloud = await startTestCloud({
    Function: functionResource('echo'),
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP', ...api } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: ref('Api'), StageName: '$default', AutoDeploy: true, ...stage },
    },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: ref('Api'),
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: arnOf('Function'),
        PayloadFormatVersion: '2.0',
      },
    },
    Authorizer: {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: ref('Api'),
        AuthorizerType: 'JWT',
        IdentitySource: ['$request.header.Authorization'],
        JwtConfiguration: { Issuer: issuer, Audience: [audience] },
      },
    },
    ...(mayInvoke && {
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: arnOf('Function'),
          Principal: 'apigateway.amazonaws.com',
          SourceArn: {
            'Fn::Join': ['', ['arn:aws:execute-api:us-east-1:000000000000:', ref('Api'), '/*/*']],
          },
        },
      },
    }),
    ...Object.fromEntries(routeResources),
  });
  const address = cloud.stack.resources.find(({ logicalId }) => logicalId === 'Api')?.attributes.ApiEndpoint;
  return {
    cloud,
    ask: (path: string, init: RequestInit = {}) => fetch(`${address}${path}`, init),
    /** Asks by GET, signed by whoever has this access key. */
    askAs: async (accessKeyId: string, path: string) => {
      const credentials = cloud.credentialsOf(accessKeyId);
      const signer = { service: 'execute-api', region: 'us-east-1', credentials };
      const headers = await signedHeaders(signer, 'GET', new URL(`${address}${path}`));
      return fetch(`${address}${path}`, { headers });
    },
  };
}
