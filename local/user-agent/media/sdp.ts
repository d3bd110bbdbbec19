import { isIPv4 } from 'node:net';
import sdp, { type MediaDescription, type SessionDescription } from 'sdp-transform';
import { type Codec, payloadTypes, samplesPerSecond } from './g711.ts';

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
const codecOf = (payloadType: string) =>
  codecOrder.find((codec) => String(payloadTypes[codec]) === payloadType);

type Media = SessionDescription['media'][number];

function described({ address, version }: LocalAudio, media: Media[]): string {
  return sdp.write({
    version: 0,
    origin: { username: '-', sessionId: 1, sessionVersion: version, netType: 'IN', ipVer: 4, address },
    name: '-',
    connection: { version: 4, ip: address },
    timing: { start: 0, stop: 0 },
    media,
  });
}

function audioMedia(port: number, codecs: readonly Codec[]): Media {
  return {
    type: 'audio',
    port,
    protocol: 'RTP/AVP',
    payloads: codecs.map((codec) => payloadTypes[codec]).join(' '),
    rtp: codecs.map((codec) => ({ payload: payloadTypes[codec], codec, rate: samplesPerSecond })),
    fmtp: [],
    ptime: 20,
    direction: 'sendrecv',
  };
}

/** @returns an offer of one G.711 audio stream (RFC 3264 5) */
export function offer(local: LocalAudio): string {
  return described(local, [audioMedia(local.port, codecOrder)]);
}

/** @returns the description; sdp-transform reads no number of ports (`m=audio 5000/2 …`), so that is taken off before */
const parsed = (text: string) => sdp.parse(text.replace(/^(m=\S+ \d+)\/\d+ /gm, '$1 '));

/** A line `m=` that sdp-transform cannot read stands in its result without a type. */
const isRead = ({ type }: Partial<MediaDescription>) => type !== undefined;

/** sdp-transform gives a field as a number where it looks like one and as text elsewhere, whatever its types say. */
function audioOf(session: SessionDescription, media: Media): RemoteAudio | undefined {
  const { type, payloads = '', connection = session.connection } = media;
  const port = Number(media.port);
  // Behind the address of a multicast group stands its time to live.
  const [address = ''] = String(connection?.ip).split('/');
  if (type !== 'audio' || !(port >= 1 && port <= 65_535) || !isIPv4(address)) return undefined;
  const formats = String(payloads).split(' ');
  const codec = formats.map(codecOf).find((known) => known !== undefined);
  return codec && { address, port, codec };
}

function firstAudio(session: SessionDescription): { media: Media; audio: RemoteAudio } | undefined {
  for (const media of session.media) {
    const audio = audioOf(session, media);
    if (audio) return { media, audio };
  }
  return undefined;
}

/** @returns the first audio stream of a description that can be spoken here, or undefined */
export function remoteAudio(description: string): RemoteAudio | undefined {
  return firstAudio(parsed(description))?.audio;
}

/**
 * Answers an offer: its first usable audio stream is taken, all others are refused by port 0 (RFC 3264 6).
 * @returns the answer, or undefined where the offer has no audio that can be spoken here, or a media line that cannot
 *   be read and so cannot be refused in its place
 */
export function answer(offered: string, local: LocalAudio): string | undefined {
  const session = parsed(offered);
  const taken = firstAudio(session);
  if (!taken || !session.media.every(isRead)) return undefined;
  const refused = ({ type, protocol, payloads = '' }: Media): Media => ({
    type,
    protocol,
    payloads,
    port: 0,
    rtp: [],
    fmtp: [],
  });
  const accepted = audioMedia(local.port, [taken.audio.codec]);
  return described(
    local,
    session.media.map((media) => (media === taken.media ? accepted : refused(media))),
  );
}
