import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { payloadTypes, peak, samplesPerSecond, tone } from './g711.ts';
import type { RemoteAudio } from './sdp.ts';

/** What is said: a tone of its own, what was heard, or nothing. */
export type AudioSource = 'tone' | 'echo' | 'silent';

export interface AudioCounters {
  sentPackets: number;
  heardPackets: number;
  /** Loudest sample heard, 0 to 32767. */
  heardPeak: number;
}

const packetMs = 20;
const packetSamples = (samplesPerSecond * packetMs) / 1000;
const headerBytes = 12;

/** One RTP stream each way (RFC 3550) on a socket of its own. */
export class AudioStream {
  readonly counters: AudioCounters = { sentPackets: 0, heardPackets: 0, heardPeak: 0 };
  readonly port: number;
  readonly #socket: Socket;
  readonly #source: AudioSource;
  readonly #ssrc = randomInt(2 ** 32);
  #sequence = randomInt(2 ** 16);
  #timestamp = randomInt(2 ** 32);
  #remote: RemoteAudio | undefined;
  #clock: NodeJS.Timeout | undefined;

  /** @param address the local IPv4 address to receive at */
  static async open(address: string, source: AudioSource): Promise<AudioStream> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new AudioStream(socket, source);
  }

  private constructor(socket: Socket, source: AudioSource) {
    this.#socket = socket;
    this.#source = source;
    this.port = socket.address().port;
    socket.on('message', (packet) => this.#heard(packet));
    // A peer that has closed its port already (ICMP) is no news: the signalling tells of the end.
    socket.on('error', () => {});
  }

  /** Begins to speak, or goes on to another address after a re-INVITE. */
  speakTo(remote: RemoteAudio): void {
    this.#remote = remote;
    if (this.#source !== 'tone' || this.#clock) return;
    const begin = performance.now();
    let sent = 0;
    this.#clock = setInterval(() => {
      // Timers drift: what is due by the clock is sent.
      const due = Math.floor((performance.now() - begin) / packetMs);
      for (; sent < due; sent++) this.#sayTone(sent);
    }, packetMs);
  }

  close(): void {
    clearInterval(this.#clock);
    this.#remote = undefined;
    this.#socket.close();
  }

  #sayTone(packet: number): void {
    if (!this.#remote) return;
    const cycle = tones[this.#remote.codec];
    const payload = Buffer.allocUnsafe(packetSamples);
    for (let at = 0; at < packetSamples; at++) {
      payload[at] = cycle[(packet * packetSamples + at) % cycle.length] as number;
    }
    this.#say(payload);
  }

  #say(payload: Buffer): void {
    const remote = this.#remote;
    if (!remote) return;
    const header = Buffer.alloc(headerBytes);
    header[0] = 0x80;
    header[1] = payloadTypes[remote.codec];
    header.writeUInt16BE(this.#sequence, 2);
    header.writeUInt32BE(this.#timestamp, 4);
    header.writeUInt32BE(this.#ssrc, 8);
    this.#sequence = (this.#sequence + 1) % 2 ** 16;
    this.#timestamp = (this.#timestamp + payload.length) % 2 ** 32;
    this.#socket.send([header, payload], remote.port, remote.address);
    this.counters.sentPackets++;
  }

  #heard(packet: Buffer): void {
    const remote = this.#remote;
    if (!remote || packet.length < headerBytes || ((packet[0] as number) & 0xc0) !== 0x80) return;
    if (((packet[1] as number) & 0x7f) !== payloadTypes[remote.codec]) return;
    const contributors = (packet[0] as number) & 0x0f;
    const payload = packet.subarray(headerBytes + 4 * contributors);
    this.counters.heardPackets++;
    this.counters.heardPeak = Math.max(this.counters.heardPeak, peak(remote.codec, payload));
    if (this.#source === 'echo') this.#say(payload);
  }
}

const tones = { PCMU: tone('PCMU'), PCMA: tone('PCMA') };
