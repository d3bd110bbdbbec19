import type { LocalCloud } from '../aws/cloud.ts';
import type { JsonObject, ResolvedStack } from '../aws/template.ts';

/** Longer than anybody looks at one run. */
const heldSec = 30 * 24 * 3600;

/** @returns a token by which the API of this run takes whoever has it for its operator */
export function operatorToken({ tokens }: LocalCloud, { name, resources }: ResolvedStack): Promise<string> {
  const authorizer = resources.find(({ type }) => type === 'AWS::ApiGatewayV2::Authorizer');
  const [audience = ''] = ((authorizer?.properties.JwtConfiguration as JsonObject | undefined)?.Audience ??
    []) as string[];
  const api = resources.find(({ type, ref }) => type === 'AWS::Lambda::Function' && ref === `${name}-api`);
  const { Variables = {} } = (api?.properties.Environment ?? {}) as { Variables?: Record<string, string> };
  const { ROLE_CLAIM = '', OPERATOR_ROLE = '' } = Variables;
  return tokens.issue(audience, { sub: 'npm start', [ROLE_CLAIM]: [OPERATOR_ROLE] }, heldSec);
}
