/* Parts of drachtio-srf for which its package has no types. */

declare module 'drachtio-srf/lib/wire-protocol.js' {
  const WireProtocol: { prototype: object };
  export default WireProtocol;
}

declare module 'drachtio-srf/lib/sip-parser/message.js' {
  export default class SipMessage {
    constructor(message: string);
    headers: Record<string, string>;
    body: string | undefined;
  }
}
