import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AudioStream } from '../../../local/user-agent/media/audio.ts';
import { peak, tone } from '../../../local/user-agent/media/g711.ts';
import { answer, offer, remoteAudio } from '../../../local/user-agent/media/sdp.ts';
import { until } from '../../support/until.ts';

const streams: AudioStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

async function open(source: 'tone' | 'echo' | 'silent'): Promise<AudioStream> {
  const stream = await AudioStream.open('127.0.0.1', source);
  streams.push(stream);
  return stream;
}

describe.each(['PCMU', 'PCMA'] as const)('%s', (codec) => {
  it('carries the tone with its loudness', () => {
    expect(peak(codec, tone(codec))).toBeGreaterThan(7500);
    expect(peak(codec, tone(codec))).toBeLessThan(8500);
  });

  it('is spoken, echoed and heard over RTP', async () => {
    const [speaker, echo] = [await open('tone'), await open('echo')];
    echo.speakTo({ address: '127.0.0.1', port: speaker.port, codec });
    speaker.speakTo({ address: '127.0.0.1', port: echo.port, codec });
    await until('ten packets come back', () => speaker.counters.heardPackets >= 10);
    expect(speaker.counters.heardPeak).toBeGreaterThan(7500);
    expect(echo.counters.sentPackets).toBe(echo.counters.heardPackets);
  });
});

it('silence in PCMU is no sound', () => {
  expect(peak('PCMU', Buffer.alloc(160, 0xff))).toBe(0);
});

it('a silent stream says nothing and takes no noise for audio', async () => {
  const [speaker, listener] = [await open('tone'), await open('silent')];
  listener.speakTo({ address: '127.0.0.1', port: speaker.port, codec: 'PCMA' });
  speaker.speakTo({ address: '127.0.0.1', port: listener.port, codec: 'PCMU' });
  await until('some were sent', () => speaker.counters.sentPackets >= 5);
  expect(listener.counters).toEqual({ sentPackets: 0, heardPackets: 0, heardPeak: 0 });
});

describe('a description', () => {
  const local = { address: '192.0.2.1', port: 4000, version: 1 };

  it('of ours can be read back', () => {
    expect(remoteAudio(offer(local))).toEqual({ address: '192.0.2.1', port: 4000, codec: 'PCMU' });
  });

  it('with several media lines is answered line by line, the unknown refused by port 0', () => {
    const offered = [
      'v=0',
      'o=- 1 1 IN IP4 192.0.2.9',
      's=-',
      't=0 0',
      'm=video 5000 RTP/AVP 97',
      'c=IN IP4 192.0.2.9',
      'm=audio 5002 RTP/AVP 111 8',
      'c=IN IP4 192.0.2.10',
      'm=application 9 UDP/BFCP *',
    ].join('\r\n');
    const lines = (answer(offered, local) ?? '').split('\r\n').filter((line) => line.startsWith('m='));
    expect(lines).toEqual(['m=video 0 RTP/AVP 97', 'm=audio 4000 RTP/AVP 8', 'm=application 0 UDP/BFCP *']);
    expect(remoteAudio(offered)).toEqual({ address: '192.0.2.10', port: 5002, codec: 'PCMA' });
  });

  it('may number its ports, write zeros before them and come from a multicast group', () => {
    const offered = 'v=0\r\nc=IN IP4 233.252.0.1/127\r\nm=audio 05002/2 RTP/AVP 8 0\r\n';
    expect(remoteAudio(offered)).toEqual({ address: '233.252.0.1', port: 5002, codec: 'PCMA' });
    expect(answer(offered, local)).toContain('m=audio 4000 RTP/AVP 8\r\n');
  });

  it('of any text is answered with a media line for each of its own, or not at all', () => {
    const pieces = fc.constantFrom(
      'v=0',
      'c=IN IP4 ',
      'm=audio ',
      'm=',
      'a=',
      '192.0.2.9',
      '5002',
      '/2',
      ' ',
      '\r\n',
    );
    const usable = fc.constantFrom(
      'm=audio 5002 RTP/AVP 8\r\n',
      'm=video 0 RTP/AVP 97\r\n',
      'm=video 5/2 x 1\r\n',
    );
    const text = fc
      .array(fc.oneof(pieces, usable, fc.string({ unit: 'binary' })))
      .map((parts) => parts.join(''));
    const mediaLines = (description: string) =>
      description.split(/[\r\n]/).filter((line) => line.startsWith('m='));
    fc.assert(
      fc.property(text, (rest) => {
        const offered = `v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP 0\r\n${rest}`;
        const said = answer(offered, local);
        const count = mediaLines(offered).length;
        expect([undefined, count]).toContain(said && mediaLines(said).length);
      }),
    );
  });

  it.each([
    ['no audio', 'v=0\r\nc=IN IP4 192.0.2.9\r\nm=video 5000 RTP/AVP 97\r\n'],
    ['another codec', 'v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP 111\r\n'],
    ['refused audio', 'v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 0 RTP/AVP 0\r\n'],
    ['a host name', 'v=0\r\nc=IN IP4 evil.example\r\nm=audio 5000 RTP/AVP 0\r\n'],
    ['an address that is a number', 'v=0\r\nc=IN IP4 9\r\nm=audio 5000 RTP/AVP 0\r\n'],
    ['a port beyond all ports', 'v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 65536 RTP/AVP 0\r\n'],
    [
      'a media line that cannot be refused',
      'v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5 RTP/AVP 0\r\nm=video?\r\n',
    ],
    ['no sense', 'hello'],
  ])('with %s cannot be answered', (_what, offered) => {
    expect(answer(offered, local)).toBeUndefined();
  });
});
