import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.ts';
import { readSamples, wavSamplesPerSecond, writeTone } from '../wav.ts';
import { Child } from './child.ts';

export interface BaresipCallOptions {
  server: { host: string; port: number };
  transport: 'udp' | 'tcp';
  uri: string;
  /** Tone that it plays, Hz. */
  toneHz: number;
}

const modules = '/usr/lib/baresip/modules';
const toneSeconds = 30;

/** A room system: baresip that calls, plays a tone and records what it hears. */
export class BaresipCaller {
  readonly process: Child;
  readonly #home: string;

  constructor({ server, transport, uri, toneHz }: BaresipCallOptions) {
    this.#home = mkdtempSync(join(tmpdir(), 'baresip-'));
    const tone = join(this.#home, 'tone.wav');
    writeTone(tone, toneHz, toneSeconds);
    const proxy = `sip:${server.host}:${server.port};transport=${transport}`;
    writeFileSync(
      join(this.#home, 'accounts'),
      `"Room System" <sip:caller@endpoint.example;transport=${transport}>;regint=0;outbound="${proxy}"\n`,
    );
    writeFileSync(
      join(this.#home, 'config'),
      `${[
        'net_interface 127.0.0.1',
        'statmode_default off',
        'audio_player aubridge,heard',
        `audio_source aufile,${tone}`,
        'audio_alert aubridge,alert',
        'rtp_ports 40000-49999',
        `snd_path ${this.#home}`,
        `module_path ${modules}`,
        ...['g711', 'aufile', 'aubridge', 'sndfile'].map((name) => `module ${name}.so`),
        'module_tmp account.so',
        'module_app menu.so',
      ].join('\n')}\n`,
    );
    this.process = new Child('stdbuf', ['-oL', 'baresip', '-4', '-f', this.#home, '-e', `/dial ${uri}`], {
      env: { PATH: process.env.PATH ?? '', HOME: this.#home },
    });
  }

  /** Waits for the answer. @throws Error with baresip's output where there is none */
  established(): Promise<void> {
    return this.process.says(/Call established: /);
  }

  /** @returns what it has heard of the other side so far */
  get heard(): number[] {
    const file = readdirSync(this.#home).find((name) => name.endsWith('-dec.wav'));
    return file === undefined ? [] : readSamples(join(this.#home, file));
  }

  /** Waits until it has recorded so much. */
  async untilHeard(seconds: number): Promise<number[]> {
    await until(`${seconds} s heard`, () => this.heard.length >= seconds * wavSamplesPerSecond);
    return this.heard;
  }

  /** Hangs up and ends. */
  async hangUp(): Promise<void> {
    await this.process.stop('SIGTERM');
  }

  async dispose(): Promise<void> {
    await this.process.dispose();
    rmSync(this.#home, { recursive: true, force: true });
  }
}
