import * as z from 'zod';
import { listOf, orEmpty, wholeNumber } from '../setting-types.ts';

/** `https://console.example.org`: no path, and no wildcard. */
const origin = z
  .string()
  .regex(/^https?:\/\/[^\s/*]+$/, 'must be origins, such as https://console.example.org');

const origins = listOf(origin);

/** The settings of the API: who may use it. */
export const apiSettings = {
  /**
   * Issuer of the tokens that people show to the API, as its OpenID configuration has it. Empty: the API takes signatures
   * of AWS only.
   */
  oidcIssuer: orEmpty(/^https:\/\/[^\s/?#]+(\/[^\s?#]*)?$/, 'must be an https address without a query'),
  /** The audience (`aud` or `client_id`) that tokens for the API must have. */
  oidcAudience: z.string().max(256).default(''),
  /** The claim of a token that holds the roles of its bearer: a list, or words with blanks or commas between. */
  oidcRoleClaim: z.string().min(1).max(128).default('roles'),
  /** What that claim calls those who may look. */
  oidcViewerRole: z.string().min(1).max(128).default('switchroom-viewer'),
  /** What it calls those who may also act. */
  oidcOperatorRole: z.string().min(1).max(128).default('switchroom-operator'),
  /** Origins, comma separated, whose pages may use the API from a browser. Empty: none but its own. */
  apiCorsOrigins: origins.default([]),
  /** Requests that the API takes a second, of all callers together; twice as many at once. */
  apiRequestsPerSec: wholeNumber(1, 1000).default(50),
};
