import { maxCallIdLength } from '../../contracts/common.ts';

/**
 * Whether a Call-ID may name a call or a registration. Devices send more than the grammar has (RFC 3261 25.1: callid), but
 * none sends control characters, which drachtio lets pass and which would act on the screen of who reads of the call.
 */
export const isCallId = (callId: string | undefined): callId is string =>
  callId !== undefined && callId !== '' && callId.length <= maxCallIdLength && !/\p{Cc}/u.test(callId);
