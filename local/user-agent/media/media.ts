import { type AudioCounters, type AudioSource, AudioStream } from './audio.ts';
import { answer, offer, remoteAudio } from './sdp.ts';

/** `none`: a description without a socket behind it, for calls by the hundred. */
export type MediaSource = AudioSource | 'none';

/** The discard port stands in descriptions of calls without media. */
const noMediaPort = 9;
const nothingHeard: AudioCounters = { sentPackets: 0, heardPackets: 0, heardPeak: 0 };

/** The audio of one call and its descriptions (RFC 3264). */
export class Media {
  readonly #address: string;
  readonly #stream: AudioStream | undefined;
  #version = 0;

  /** @param address the local IPv4 address that the description names */
  static async open(address: string, source: MediaSource): Promise<Media> {
    return new Media(address, source === 'none' ? undefined : await AudioStream.open(address, source));
  }

  private constructor(address: string, stream: AudioStream | undefined) {
    this.#address = address;
    this.#stream = stream;
  }

  get counters(): Readonly<AudioCounters> {
    return this.#stream?.counters ?? nothingHeard;
  }

  /** @returns an offer of ours */
  offer(): string {
    return offer(this.#next());
  }

  /** @returns the answer to an offer, or undefined where nothing of it can be spoken here */
  answer(offered: string): string | undefined {
    const described = answer(offered, this.#next());
    if (described !== undefined) this.take(offered);
    return described;
  }

  /** Speaks to whom a description of the peer names. */
  take(description: string): void {
    const remote = remoteAudio(description);
    if (remote) this.#stream?.speakTo(remote);
  }

  close(): void {
    this.#stream?.close();
  }

  #next() {
    this.#version++;
    return { address: this.#address, port: this.#stream?.port ?? noMediaPort, version: this.#version };
  }
}
