import { describe, expect, it } from 'vitest';
import { stopInOrder } from '../../sip-edge/stop.ts';
import { recordingLog } from './support/log.ts';

describe('a stop', () => {
  it('ends all in order, also after what throws or rejects, and says what did', async () => {
    const ended: string[] = [];
    const log = recordingLog();
    const wrong = new Error('gone already');
    await stopInOrder(
      [
        ['calls', async () => Promise.reject(wrong)],
        ['health', () => ended.push('health')],
        [
          'secrets',
          () => {
            throw wrong;
          },
        ],
        ['outbox', async () => ended.push('outbox')],
      ],
      log,
    );
    expect(ended).toEqual(['health', 'outbox']);
    expect(log.lines).toEqual(
      ['calls', 'secrets'].map((step) =>
        expect.objectContaining({ level: 'error', event: 'stop-failed', step, error: wrong }),
      ),
    );
  });
});
