import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CallDetail } from '../../contracts/api/views.ts';
import { mediaReportAddress } from '../../infra/gateways/media-report.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { hasTool } from '../support/process/tools.ts';
import { eventLines, reportingGateway, statisticLines } from '../support/sip-media-gateway-report.ts';
import { until } from '../support/until.ts';
import { Stack, secret } from './support/stack.ts';

/*
 * How the media of a call went, from the gateway to the record, by the API of `npm start`. SIPMEDIAGW names the root
 * directory of the image of Renater's SIPMediaGW, whose own script posts then. It is no part of this project.
 */

const image = process.env.SIPMEDIAGW;
if (image === undefined) {
  console.warn(
    "without SIPMediaGW: SIPMEDIAGW=/path/to/root/of/its/image lets its own script post to the run's API",
  );
}

let stack: Stack | undefined;
let agent: UserAgent | undefined;
const directory = mkdtempSync(join(tmpdir(), 'media-report-'));
afterEach(async () => {
  await agent?.close();
  await stack?.stop();
  agent = undefined;
  stack = undefined;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A call that is over. */
async function call(...args: string[]): Promise<{ of: Stack; over: CallDetail }> {
  const of = await Stack.start('--min-free', '1', '--max', '1', ...args);
  stack = of;
  const bind = { address: '127.0.0.1', port: 0 };
  agent = await UserAgent.open({ server: of.server, protocol: 'udp', bind });
  const placed = agent.call({ uri: `sip:room1@${of.domain}`, from: 'sip:alice@example.org', media: 'tone' });
  const outcome = await placed.result;
  if (outcome.result !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome)}`);
  await until('the tone comes back', () => outcome.session.media.counters.heardPeak > 4000);
  await outcome.session.hangUp();
  const over = await until('the call is over', async () => {
    const seen = await of.call(placed.callId);
    return seen?.state === 'ended' ? seen : undefined;
  });
  return { of, over };
}

const mediaOf = (of: Stack, { callId }: CallDetail) =>
  until('the call has its media', async () => (await of.call(callId))?.media);

it.skipIf(!hasTool('baresip'))(
  'the sample gateway tells of its call by the address that its task gets',
  async () => {
    const { of, over } = await call('--gateway-kind', 'baresip');
    const { streams } = await mediaOf(of, over);
    const counted = { packets: expect.any(Number), bitrateKbps: expect.any(Number), errors: 0 };
    expect(streams).toMatchObject([{ kind: 'audio', sent: counted, received: counted }]);
    const log = readFileSync(join(of.run.logDir, `task-${over.gateway?.split('.')[0]}.log`), 'utf8');
    expect(log).not.toContain('not taken');
  },
);

describe.skipIf(image === undefined)("SIPMediaGW's own script", () => {
  /** Runs it as its start script does: on what baresip says, and then on what the event handler says. */
  function run(of: Stack, gateway: string, reportSecret: string) {
    const history = join(directory, 'history');
    writeFileSync(history, 'main_app:baresip\n');
    const [SIP_NAME_PREFIX, GW_NAME_PREFIX, GW_ID] = gateway.split('.');
    const parse = (prefix: string, lines: readonly string[]) =>
      spawnSync(
        'bash',
        [
          '--norc',
          '-euc',
          `${mediaReportAddress}\nexec python3 '${image}/usr/local/bin/logParse' -p ${prefix} -i '${history}'`,
        ],
        {
          encoding: 'utf8',
          input: `${lines.join('\n')}\n`,
          env: {
            PATH: process.env.PATH,
            MEDIA_REPORT_URL: `${of.run.outputs.ApiAddress}/gateway/v1/media-reports`,
            MEDIA_REPORT_SECRET: reportSecret,
            ...{ SIP_NAME_PREFIX, GW_NAME_PREFIX, GW_ID },
          },
        },
      );
    parse('Baresip', statisticLines);
    const { status, stderr } = parse('Event', [
      eventLines.at(-1)?.replaceAll(reportingGateway, gateway) ?? '',
    ]);
    return { status, stderr, kept: existsSync(history) && readFileSync(history, 'utf8') };
  }

  it('tells of the call that its gateway had, and of nothing where it has another secret', async () => {
    const { of, over } = await call('--gateway-kind', 'node');
    const gateway = over.gateway ?? '';
    const refused = run(of, gateway, 'another');
    // It says so in its own log, and ends as ever.
    expect(refused).toMatchObject({ status: 0, stderr: expect.stringContaining('POST failed status=401') });
    expect(refused.stderr).not.toMatch(/[0-9a-f]{64}/);
    expect((await of.call(over.callId))?.media).toBeUndefined();
    expect(run(of, gateway, secret)).toEqual({ status: 0, stderr: '', kept: '' });
    expect((await mediaOf(of, over)).streams).toMatchObject([
      {
        kind: 'audio',
        sent: { lossPercent: 2.7, jitterMs: 1.8 },
        received: { lossPercent: 3, jitterMs: 4.1 },
      },
      { kind: 'video', sent: { lossPercent: 2.25 }, received: { lossPercent: 3.4 } },
    ]);
  });
});
