import { allowHeader } from '../admission/check.ts';
import { refuse } from '../drachtio/refuse.ts';
import type { SrfRequest, SrfResponse } from '../drachtio/srf.ts';

/**
 * Answers OPTIONS, by which peers and load balancers learn whether to send calls here (RFC 3261 11): 200 only
 * where a call would be taken.
 */
export function answerOptions(
  req: SrfRequest,
  res: SrfResponse,
  state: { isDraining: boolean; isHealthy: boolean },
): void {
  if (state.isDraining) refuse(req, res, 'draining');
  else if (!state.isHealthy) refuse(req, res, 'control-plane-unavailable');
  else res.send(200, { headers: { Allow: allowHeader, Accept: 'application/sdp' } });
}
