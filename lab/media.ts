import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTone } from '../test/support/wav.ts';
import { elasticIp } from './network/plan.ts';
import { placeCallByBaresip } from './parties.ts';

/* What a caller hears: baresip plays a tone, the gateway says back what it heard, and the tone is looked for. */

const toneHz = 440;
/** Longer than a call. */
const toneSec = 30;
/** Of a twentieth of a second, the tone's share of the power: silence has none, noise hardly any. */
const enoughShare = 0.5;
const quietest = 0.01;

/** @returns the share that a tone has of the power of samples, 0..1 (Goertzel's algorithm); 0 of silence */
export function toneShare(samples: Float32Array, rate: number, hz = toneHz): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [before, last, power] = [0, 0, 0];
  for (const sample of samples) {
    [before, last] = [last, sample + coefficient * last - before];
    power += sample * sample;
  }
  if (Math.sqrt(power / samples.length) < quietest) return 0;
  const ofTone = last * last + before * before - coefficient * last * before;
  return (2 * ofTone) / (samples.length * power);
}

/** Reads a WAV file of 16 bits. @returns the samples of its first channel, -1..1, and how many there are a second */
function readWav(file: string): { samples: Float32Array; rate: number } {
  const wav = readFileSync(file);
  const channels = wav.readUInt16LE(22);
  const rate = wav.readUInt32LE(24);
  const start = wav.indexOf('data') + 8;
  const count = Math.floor((wav.length - start) / (2 * channels));
  const samples = Float32Array.from(
    { length: count },
    (_, n) => wav.readInt16LE(start + 2 * channels * n) / 32_768,
  );
  return { samples, rate };
}

export interface ToneCall {
  namespace: string;
  /** Its own, as it writes it into SDP. */
  address: string;
  zone: number;
  domain: string;
}

/** Calls a gateway, plays it the tone, and looks for it in what comes back. @returns what is wrong; undefined where it is heard */
export async function hearTone({ namespace, address, zone, domain }: ToneCall): Promise<string | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-heard-'));
  try {
    const tone = join(dir, 'tone.wav');
    writeTone(tone, toneHz, toneSec);
    const wrong = await placeCallByBaresip({
      namespace,
      account: `"Room System" <sip:caller@${address}>;regint=0;outbound="sip:${elasticIp(zone)}:5060"`,
      uri: `sip:1234@${domain}`,
      durationSec: 6,
      modules: ['g711', 'aubridge', 'aufile', 'sndfile'],
      config: [
        `audio_source aufile,${tone}`,
        'audio_player aubridge,heard',
        'audio_alert aubridge,alert',
        `snd_path ${dir}`,
      ],
    });
    if (wrong !== undefined) return wrong;
    const [heard] = readdirSync(dir).filter((name) => name.endsWith('-dec.wav'));
    if (heard === undefined) return 'nothing came back';
    const { samples, rate } = readWav(join(dir, heard));
    const length = Math.floor(rate / 20);
    const moments = Array.from({ length: Math.floor(samples.length / length) }, (_, n) =>
      toneShare(samples.subarray(n * length, (n + 1) * length), rate),
    );
    const heardIn = moments.filter((share) => share >= enoughShare).length;
    return heardIn >= 20
      ? undefined
      : `the tone was in ${heardIn} of ${moments.length} moments of what came back`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
