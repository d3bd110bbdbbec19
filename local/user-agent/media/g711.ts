/*
 * G.711 (ITU-T G.711, RFC 3551 4.5.14): 8000 samples a second, one byte each.
 */

export const samplesPerSecond = 8000;
export const payloadTypes = { PCMU: 0, PCMA: 8 } as const;
export type Codec = keyof typeof payloadTypes;

const bias = 0x84;
const clip = 32_635;

function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), clip) + bias;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function decodeMuLaw(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + bias) << ((bits & 0x70) >> 4)) - bias;
  return bits & 0x80 ? -magnitude : magnitude;
}

function encodeALaw(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), clip);
  const exponent = magnitude < 256 ? 0 : 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function decodeALaw(byte: number): number {
  const bits = byte ^ 0x55;
  const exponent = (bits & 0x70) >> 4;
  const mantissa = bits & 0x0f;
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

const codecs = {
  PCMU: { encode: encodeMuLaw, decode: decodeMuLaw },
  PCMA: { encode: encodeALaw, decode: decodeALaw },
} as const;

/** 11 whole waves of 440 Hz: played in a circle they make an unbroken tone. */
const toneSamples = 200;
const toneHz = 440;
const toneAmplitude = 8000;

/** @returns bytes of a 440 Hz tone, to be played in a circle */
export function tone(codec: Codec): Buffer {
  const wave = (at: number) =>
    Math.round(toneAmplitude * Math.sin((2 * Math.PI * toneHz * at) / samplesPerSecond));
  return Buffer.from(Array.from({ length: toneSamples }, (_, at) => codecs[codec].encode(wave(at))));
}

/** @returns the loudest sample, 0 to 32767: near 0 for silence */
export function peak(codec: Codec, payload: Uint8Array): number {
  const { decode } = codecs[codec];
  let loudest = 0;
  for (const byte of payload) loudest = Math.max(loudest, Math.abs(decode(byte)));
  return loudest;
}
