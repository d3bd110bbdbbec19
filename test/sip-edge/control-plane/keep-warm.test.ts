import { expect, it, onTestFinished, vi } from 'vitest';
import { keepWarm } from '../../../sip-edge/control-plane/keep-warm.ts';
import { ControlPlaneUnavailable } from '../../../sip-edge/ports.ts';
import { recordingLog } from '../support/log.ts';

it('touches the functions at once and each minute, whether or not they answer, until it is ended', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const log = recordingLog();
  const touch = vi
    .fn(async () => {})
    .mockRejectedValueOnce(new ControlPlaneUnavailable('timeout', 'no answer'));
  const end = keepWarm(touch, log);
  expect(touch).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(touch).toHaveBeenCalledTimes(4);
  expect(log.lines).toEqual([expect.objectContaining({ level: 'debug', why: 'timeout' })]);
  end();
  await vi.advanceTimersByTimeAsync(180_000);
  expect(touch).toHaveBeenCalledTimes(4);
});
