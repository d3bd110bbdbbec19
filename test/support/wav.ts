import { readFileSync, writeFileSync } from 'node:fs';

/* 16-bit mono WAV files of 8000 samples a second. */

const headerBytes = 44;
export const wavSamplesPerSecond = 8000;

/** Writes a sine tone. */
export function writeTone(file: string, hz: number, seconds: number): void {
  const samples = wavSamplesPerSecond * seconds;
  const wav = Buffer.alloc(headerBytes + 2 * samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(wavSamplesPerSecond, 24);
  wav.writeUInt32LE(2 * wavSamplesPerSecond, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  for (let at = 0; at < samples; at++) {
    const value = 8000 * Math.sin((2 * Math.PI * hz * at) / wavSamplesPerSecond);
    wav.writeInt16LE(Math.round(value), headerBytes + 2 * at);
  }
  writeFileSync(file, wav);
}

/** @returns the samples; a file that is still being written counts as far as it goes */
export function readSamples(file: string): number[] {
  const wav = readFileSync(file);
  const samples: number[] = [];
  for (let at = headerBytes; at + 1 < wav.length; at += 2) samples.push(wav.readInt16LE(at));
  return samples;
}

/** @returns how much of the samples' energy lies at `hz`, 0 to 1 (Goertzel); 0 for silence */
export function shareOfTone(samples: readonly number[], hz: number): number {
  // Blocks, because the echo of a tone may slip in phase where a packet was late.
  const block = 800;
  let tone = 0;
  let total = 0;
  for (let start = 0; start + block <= samples.length; start += block) {
    const coefficient = 2 * Math.cos((2 * Math.PI * hz) / wavSamplesPerSecond);
    let [before, last] = [0, 0];
    for (const sample of samples.slice(start, start + block)) {
      [before, last] = [last, sample + coefficient * last - before];
      total += sample * sample;
    }
    tone += (2 * (before * before + last * last - coefficient * before * last)) / block;
  }
  return total === 0 ? 0 : tone / total;
}
