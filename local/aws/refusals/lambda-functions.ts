import type { JsonObject } from '../template.ts';
import { onEach, outside, type Rule } from './rule.ts';

const mostVariableBytes = 4096;
/** Lambda sets these itself. */
const reserved =
  /^(AWS_(REGION|DEFAULT_REGION|ACCESS_KEY.*|SECRET_ACCESS_KEY|SESSION_TOKEN|LAMBDA_.*)|_HANDLER|_X_AMZN_TRACE_ID)$/;

/** A function has bounded memory, time and variables, and none of Lambda's own. */
export const lambdaFunctions: Rule = {
  source:
    'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html',
  refuse: onEach(['AWS::Lambda::Function'], ({ properties }) => {
    const { Variables = {} } = (properties.Environment ?? {}) as JsonObject;
    if (Buffer.byteLength(JSON.stringify(Variables)) > mostVariableBytes)
      return 'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.';
    const taken = Object.keys(Variables as JsonObject).find((name) => reserved.test(name));
    if (taken !== undefined) return `Reserved keys used in this request: ${taken}`;
    return outside(properties, 'MemorySize', [128, 10_240]) ?? outside(properties, 'Timeout', [1, 900]);
  }),
};
