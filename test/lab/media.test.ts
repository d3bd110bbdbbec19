import { describe, expect, it } from 'vitest';
import { toneShare } from '../../lab/media.ts';
import { hasTool } from '../support/process/tools.ts';
import { canRunLab, runLab } from './run-lab.ts';

/* Callers and gateways hear each other, by whatever address gateways tell: baresip at both ends, and coturn. */

const programs = ['baresip', 'turnserver'] as const;
const missing = programs.filter((one) => !hasTool(one));

describe.skipIf(!canRunLab(missing))('media', () => {
  // The way that asks for most; the others: npm run lab -- --media-address public, or private.
  it('goes both ways with mediaAddress turn', async () => {
    const { checked, log } = await runLab('--media-address', 'turn');
    expect(
      checked.filter(({ wrong }) => wrong !== undefined),
      log,
    ).toEqual([]);
    expect(
      checked.map((one) => one.name),
      log,
    ).toContain(
      'a caller behind a firewall that lets in what static addresses send alone hears its own tone by way of zone 2 (turn)',
    );
  });
});

describe('a tone', () => {
  const wave = (hz: number, level = 0.3) =>
    Float32Array.from({ length: 400 }, (_, n) => level * Math.sin((2 * Math.PI * hz * n) / 8000));

  it('is told from silence, another tone and noise', () => {
    expect(toneShare(wave(440), 8000)).toBeGreaterThan(0.9);
    expect(toneShare(wave(440, 0.001), 8000)).toBe(0);
    expect(toneShare(wave(1000), 8000)).toBeLessThan(0.1);
    let seed = 1;
    const noise = Float32Array.from({ length: 400 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647 - 0.5;
    });
    expect(toneShare(noise, 8000)).toBeLessThan(0.1);
  });
});
