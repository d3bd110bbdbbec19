import { beforeAll, describe, expect, it } from 'vitest';
import { type Checked, canRunLab, runLab } from './run-lab.ts';

/* The deployment in a network shaped like AWS: on a real drachtio where DRACHTIO names one, else on our SIP server. */

describe.skipIf(!canRunLab())('a deployment in a network shaped like AWS', () => {
  let checked: readonly Checked[] = [];
  let log = '';

  beforeAll(async () => {
    ({ checked, log } = await runLab('--short'));
  });

  it('finds nothing wrong', () => {
    expect(
      checked.filter(({ wrong }) => wrong !== undefined),
      log,
    ).toEqual([]);
  });

  it.each([
    'the edges become healthy targets',
    'gateways find the edges by name, and register',
    'a caller behind a NAT that changes ports talks by way of zone 2, over UDP',
    'a caller behind a firewall that lets in what its Elastic IP sends alone talks by way of zone 1, over TCP',
    'no SIP came from an address that its receiver did not send to, and none of a gateway left the network',
  ])('has looked whether %s', (name) => {
    expect(
      checked.map((one) => one.name),
      log,
    ).toContain(name);
  });
});
