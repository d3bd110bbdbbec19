/*
 * A small SIP stack: the lower half of the local run's SIP server, and of its callers and gateways. Start at
 * `createSipEndpoint` (endpoint.ts) and `SipEndpoint` (endpoint-options.ts), which shows how it is used. What a message
 * is and says stands in sip/.
 */
export { ClientTransaction, SipTransactionError } from './client-transaction.ts';
export * from './endpoint.ts';
export * from './endpoint-options.ts';
export { ServerTransaction } from './server-transaction.ts';
export * from './timers.ts';
export * from './transport/transport.ts';
export * from './uas-2xx.ts';
