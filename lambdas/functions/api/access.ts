import type { Role } from '../../../contracts/api/routes.ts';
import { ApiProblem } from './problem.ts';

/*
 * Who asks. API Gateway has checked the token or the signature before the function is invoked, and says here whose it is;
 * nobody else may invoke the function by it.
 */

export interface Access {
  /** For the history: an e-mail address or subject of a token, or the ARN of a role. */
  who: string;
  role: Role;
}

/** Which claim of a token tells roles, and what they are called there. */
export interface RoleClaim {
  claim: string;
  viewer: string;
  operator: string;
}

/** What API Gateway says of the caller (HTTP API, payload format 2.0, `requestContext.authorizer`). */
export interface Authorizer {
  jwt?: { claims?: Record<string, unknown> };
  iam?: { userArn?: string };
}

const maxWhoLength = 256;

/**
 * By a signature: which routes and methods one may use is in the IAM policy of whoever signs. By a token: its role claim.
 * @throws ApiProblem unauthenticated, forbidden
 */
export function accessOf(authorizer: Authorizer | undefined, roles: RoleClaim): Access {
  const { jwt, iam } = authorizer ?? {};
  if (iam?.userArn) return { who: iam.userArn.slice(0, maxWhoLength), role: 'operator' };
  const claims = new Map(Object.entries(jwt?.claims ?? {}));
  const who = claims.get('email') ?? claims.get('sub');
  if (typeof who !== 'string' || who === '') throw new ApiProblem('unauthenticated');
  const held = wordsOf(claims.get(roles.claim));
  const role = held.includes(roles.operator)
    ? 'operator'
    : held.includes(roles.viewer)
      ? 'viewer'
      : undefined;
  if (role === undefined) {
    throw new ApiProblem('forbidden', {
      code: 'no-role',
      detail: `the token's claim ${roles.claim} has no role of this service`,
    });
  }
  return { who: who.slice(0, maxWhoLength), role };
}

/** A claim that is a list comes as text in brackets, its words apart by blanks or commas. */
function wordsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.map(String);
  return typeof claim === 'string' ? claim.replace(/^\[|\]$/g, '').split(/[\s,]+/) : [];
}
