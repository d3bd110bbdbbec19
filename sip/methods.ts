/** The methods of RFC 3261 and of what extends it: one that is not here is 501 to who does not serve it (21.5.2). */
export const knownMethods: ReadonlySet<string> = new Set(
  'INVITE ACK CANCEL BYE OPTIONS REGISTER INFO PRACK UPDATE MESSAGE SUBSCRIBE NOTIFY REFER PUBLISH'.split(
    ' ',
  ),
);
