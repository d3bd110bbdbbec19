import * as z from 'zod';

/** `silent`: it did not answer an INVITE and is out until its next REGISTER. `held`: an operator keeps it out of the pool. */
export const gatewayStates = ['free', 'locked', 'busy', 'silent', 'held', 'draining'] as const;
export const gatewayStateSchema = z.enum(gatewayStates);
export type GatewayState = z.infer<typeof gatewayStateSchema>;
