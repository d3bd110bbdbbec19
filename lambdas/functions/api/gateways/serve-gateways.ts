import type { Hono } from 'hono';
import { gatewayRoutes } from '../../../../contracts/api/gateway-routes.ts';
import {
  type MediaReport,
  maxMediaReportBytes,
  mediaReportSchema,
} from '../../../../contracts/media-report.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { type Env, problemsOf } from '../routing.ts';
import { takeMediaReport } from './media-report.ts';
import { gatewayOf } from './password.ts';

/**
 * Serves what gateways tell. API Gateway lets it through as it comes, so nothing of it is read before it is known whose
 * it is.
 */
export function serveGateways(app: Hono<Env>, deps: ApiDeps): void {
  app.post(gatewayRoutes.reportMedia.path, async (c) => {
    const gateway = await gatewayOf(c.req.header('authorization'), deps.reportSecrets);
    try {
      const answer = await takeMediaReport(reportIn(await c.req.text()), gateway, deps);
      return c.json(answer);
    } catch (error) {
      // The gateway writes it into its own log, and nobody asks again.
      if (error instanceof ApiProblem) deps.refused(error, { gateway });
      throw error;
    }
  });
}

/** @throws ApiProblem too-large, invalid-request */
function reportIn(body: string): MediaReport {
  if (Buffer.byteLength(body) > maxMediaReportBytes) throw new ApiProblem('too-large');
  const parsed = mediaReportSchema.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  throw new ApiProblem('invalid-request', { errors: problemsOf(parsed.error) });
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiProblem('invalid-request', { detail: 'the body is no JSON' });
  }
}
