/** A message without a body, from its lines. */
export const head = (lines: readonly string[]) => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);

export const invite = [
  'INVITE sip:room@example.test SIP/2.0',
  'Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport',
  'From: "Ann" <sip:ann@example.test>;tag=a',
  'To: <sip:room@example.test>',
  'Call-ID: 1@10.0.0.1',
  'CSeq: 1 INVITE',
];

/** @returns what it throws; undefined where it throws nothing */
export function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
