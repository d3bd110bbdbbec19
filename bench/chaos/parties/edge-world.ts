import type { Cloud } from '../aws/cloud.ts';
import type { Sim } from '../sim.ts';
import type { Gateway } from './gateway.ts';
import type { TrueCall } from './true-call.ts';

/** What is around an edge. */
export interface EdgeWorld {
  sim: Sim;
  cloud: Cloud;
  /** Whether commands and facts name the trace id, as they do. */
  saysTraceId: boolean;
  gatewayAt(username: string): Gateway | undefined;
  /** An INVITE goes out to a gateway. */
  offers(call: TrueCall, gateway: Gateway): void;
  /** An edge has died before it could say something of a call. */
  onUntold(traceId: string): void;
}
