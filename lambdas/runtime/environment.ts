import * as z from 'zod';
import { timeZoneSchema } from '../../contracts/common.ts';
import { InvalidEnvironment } from '../domain/errors.ts';

/* The variables of docs/architecture.md that the functions read: once, at cold start. */

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));

const list = z.string().transform((text) => text.split(',').filter((one) => one !== ''));

const json = (text: string, context: z.RefinementCtx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'no JSON' });
    return z.NEVER;
  }
};

export const variables = {
  TABLE_NAME: z.string().min(1),
  STACK_NAME: z.string().min(1),
  CLUSTER: z.string().min(1),
  GATEWAY_NAME: z.string().regex(/^[A-Za-z0-9_-]+$/),
  AFTER_CALL: z.enum(['stop', 'reuse']),
  LOCK_LEASE_SEC: wholeNumber(1, 3600),
  FREE_SHARDS: wholeNumber(1, 16),
  WAIT_LIMIT_SEC: wholeNumber(1, 600),
  EDGE_LOST_GRACE_SEC: wholeNumber(0, 3600),
  /** Where gateways are started, and how (docs/architecture.md). */
  TASK_DEFINITION: z.string().min(1),
  CAPACITY_PROVIDER: z.string().min(1),
  SUBNETS: list,
  SECURITY_GROUPS: list,
  GATEWAY_ID: z.string().regex(/^[A-Za-z0-9_-]+$/),
  POOL_POLICY: z.string().max(4096).transform(json),
  POOL_MAX: wholeNumber(0, 10_000),
  POOL_TIME_ZONE: timeZoneSchema,
  POOL_START_SEC: wholeNumber(1, 600),
  /** Where the `api` function finds the role of who asks (docs/api.md). */
  ROLE_CLAIM: z.string().min(1),
  VIEWER_ROLE: z.string().min(1),
  OPERATOR_ROLE: z.string().min(1),
  /** The secret that the passwords of gateways follow from, for their media reports. */
  MEDIA_REPORT_SECRET_ARN: z.string().min(1),
  /** The bus that is told what operators do, and of each call that is over what it was. */
  BUS_NAME: z.string().min(1),
} as const;

type Name = keyof typeof variables;
export type Environment<N extends Name> = { [K in N]: z.infer<(typeof variables)[K]> };

/**
 * @param names the variables that this function needs
 * @throws InvalidEnvironment naming each one that is missing or wrong
 */
export function readEnvironment<N extends Name>(
  names: readonly N[],
  environment: NodeJS.ProcessEnv = process.env,
): Environment<N> {
  const problems: string[] = [];
  const values: Partial<Record<Name, unknown>> = {};
  for (const name of names) {
    const parsed = variables[name].safeParse(environment[name]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (problems.length > 0) throw new InvalidEnvironment(problems.join('; '));
  return values as Environment<N>;
}
