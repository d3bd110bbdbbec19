import { reasonHeader } from '../../sip/reason.ts';
import { retryAfterSec } from '../../sip/retry-after.ts';
import { allowHeader } from '../admission/check.ts';
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
  if (!state.isDraining && state.isHealthy) {
    res.send(200, { headers: { Allow: allowHeader, Accept: 'application/sdp' } });
    return;
  }
  const why = state.isDraining ? 'draining' : 'control-plane-unavailable';
  const headers = {
    'Retry-After': `${retryAfterSec()}`,
    Reason: reasonHeader(503, why, req.headers['call-id'] ?? ''),
  };
  res.send(503, 'Service Unavailable', { headers });
}
