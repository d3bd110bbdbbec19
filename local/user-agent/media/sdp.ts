import { isIPv4 } from 'node:net';
import { type Codec, payloadTypes } from './g711.ts';

/** Where to send audio, and how it is coded. */
export interface RemoteAudio {
  address: string;
  port: number;
  codec: Codec;
}

export interface LocalAudio {
  address: string;
  port: number;
  /** Session version: rises with each new description (RFC 3264 8). */
  version: number;
}

const codecOrder = Object.keys(payloadTypes) as Codec[];
const nameOf = (payloadType: number) => codecOrder.find((codec) => payloadTypes[codec] === payloadType);

function head({ address, version }: LocalAudio): string[] {
  return ['v=0', `o=- 1 ${version} IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'];
}

function audioLines(port: number, offered: readonly Codec[]): string[] {
  return [
    `m=audio ${port} RTP/AVP ${offered.map((codec) => payloadTypes[codec]).join(' ')}`,
    ...offered.map((codec) => `a=rtpmap:${payloadTypes[codec]} ${codec}/8000`),
    'a=ptime:20',
    'a=sendrecv',
  ];
}

const joined = (lines: readonly string[]) => lines.map((line) => `${line}\r\n`).join('');

/** @returns an offer of one G.711 audio stream (RFC 3264 5) */
export function offer(local: LocalAudio): string {
  return joined([...head(local), ...audioLines(local.port, codecOrder)]);
}

interface Media {
  kind: string;
  port: number;
  protocol: string;
  formats: string[];
  address: string | undefined;
}

function readMedia(sdp: string): Media[] {
  const media: Media[] = [];
  let sessionAddress: string | undefined;
  for (const line of sdp.split(/\r?\n/)) {
    const connection = /^c=IN IP4 (\S+)/.exec(line)?.[1]?.split('/')[0];
    const last = media.at(-1);
    if (connection !== undefined) {
      if (last) last.address = connection;
      else sessionAddress = connection;
      continue;
    }
    const match = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+) (.+)$/.exec(line);
    if (!match) continue;
    const [, kind, port, protocol, formats] = match as unknown as [string, string, string, string, string];
    media.push({
      kind,
      port: Number(port),
      protocol,
      formats: formats.trim().split(/\s+/),
      address: sessionAddress,
    });
  }
  return media;
}

function audioOf({ kind, port, formats, address }: Media): RemoteAudio | undefined {
  if (kind !== 'audio' || port < 1 || port > 65_535 || address === undefined || !isIPv4(address))
    return undefined;
  const codec = formats.map((format) => nameOf(Number(format))).find((name) => name !== undefined);
  return codec && { address, port, codec };
}

/** @returns the first audio stream of a description that can be spoken here, or undefined */
export function remoteAudio(sdp: string): RemoteAudio | undefined {
  for (const media of readMedia(sdp)) {
    const audio = audioOf(media);
    if (audio) return audio;
  }
  return undefined;
}

/**
 * Answers an offer: its first usable audio stream is taken, all others are refused by port 0 (RFC 3264 6).
 * @returns the answer, or undefined where the offer has no audio that can be spoken here
 */
export function answer(offered: string, local: LocalAudio): string | undefined {
  const media = readMedia(offered);
  const taken = media.find((entry) => audioOf(entry) !== undefined);
  const audio = taken && audioOf(taken);
  if (!audio) return undefined;
  const lines = head(local);
  for (const entry of media) {
    if (entry === taken) lines.push(...audioLines(local.port, [audio.codec]));
    else lines.push(`m=${entry.kind} 0 ${entry.protocol} ${entry.formats.join(' ')}`);
  }
  return joined(lines);
}
