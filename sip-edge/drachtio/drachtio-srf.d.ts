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

declare module 'drachtio-srf/lib/sip-parser/parser.js' {
  export interface ParsedMessage {
    headers: Record<string, string>;
    body?: string;
  }
  const parser: { parseSipMessage(message: string, isLazy: boolean): ParsedMessage | undefined };
  export default parser;
}
