import { expect, it } from 'vitest';
import { canRunLab, runLab } from './run-lab.ts';

/* Renater's SIPMediaGW in the lab, where SIPMEDIAGW names the root directory of its image. It is no part of this project. */

const image = process.env.SIPMEDIAGW;
if (image === undefined) {
  console.warn('without SIPMediaGW: SIPMEDIAGW=/path/to/root/of/its/image runs it in the lab');
}

it.skipIf(image === undefined || !canRunLab())(
  'takes a call, started by the command and the variables of the task definition',
  async () => {
    const { checked, log } = await runLab('--sipmediagw', image as string);
    expect(
      checked.filter(({ wrong }) => wrong !== undefined),
      log,
    ).toEqual([]);
    expect(
      checked.map(({ name }) => name),
      log,
    ).toContain('SIPMediaGW answers, and is heard');
  },
);
