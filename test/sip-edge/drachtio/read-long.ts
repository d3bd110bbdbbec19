import { parentPort, workerData } from 'node:worker_threads';
import DrachtioMessage from 'drachtio-srf/lib/sip-parser/message.js';
import { parseNameAddr } from '../../../sip/name-addr.ts';
import { endsDrachtio } from '../../../sip-edge/drachtio/deadly-contact.ts';
import { readableHead } from '../../../sip-edge/drachtio/readable-head.ts';
import { takeBodiesWhole } from '../../../sip-edge/drachtio/whole-bodies.ts';

/* A thread that reads one long thing, of `long-lines.test.ts`, and says when it has. */

const long = 100_000;
const blanks = ' '.repeat(long);
const request = (lines: string, body = '') =>
  `INVITE sip:a@h SIP/2.0\r\n${lines}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function readWhole(message: string): string | undefined {
  takeBodiesWhole();
  return new DrachtioMessage(message).body;
}

export const reads = {
  'blanks before a folded line': () => readableHead(request(`Subject: a${blanks}b\r\n c`)),
  'a Contact of blanks': () => endsDrachtio('udp', request(`Contact:${blanks}x`)),
  'a Contact of blanks after a name': () => endsDrachtio('udp', request(`Contact: a${blanks}x`)),
  'an address of bytes that are blanks to JavaScript': () => {
    // It is cut at 8192: of one such it took a tenth of a second.
    for (let at = 0; at < 10_000; at++) parseNameAddr(`a${'\u00a0'.repeat(8000)}"`);
  },
  'a part of a body, of blanks': () =>
    readWhole(request('Content-Type: multipart/x;boundary=b', `a\r\n\r\n--b\r\nContent-Type:${blanks}x`)),
  'a Content-Type of semicolons': () =>
    readWhole(request(`Content-Type: multipart/x${';'.repeat(long)}`, 'a\r\n\r\nb')),
} as const satisfies Record<string, () => unknown>;

if (parentPort) {
  reads[workerData as keyof typeof reads]();
  parentPort.postMessage('read');
}
