import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../../infra/settings.ts';
import { readSynthesizedStack, type SynthesizedStack } from '../../../local/aws/assets/assets.ts';
import type { Template } from '../../../local/aws/template.ts';
import { synthesize } from '../../../local/run/synthesize.ts';
import { startTestCloud, startTestDynamoDb } from '../aws/test-cloud.ts';
import { ControlPlane } from './control-plane.ts';
import { receive } from './receiver.ts';

/** None is its default, so that each shows where it arrives. */
const context = {
  domain: 'sip.example.org',
  gatewayName: 'gw',
  minExpiresSec: '90',
  minExpiresMode: 'refuse',
  gatewayText: 'as-sent',
  trustedAddresses: '192.0.2.0/24',
  lockLeaseSec: '45',
  waitLimitSec: '75',
  // None is started but for a call that waits.
  poolMinFree: '0',
  poolMax: '7',
  edgeLostGraceSec: '0',
  freeShards: '2',
  stunServer: 'stun.example.org:3478',
  traceSamplePercent: '7',
  recordExportDays: '3',
  webhookUrl: 'https://facts.example.org/in',
};
export const settings: Settings = readSettings(context);

/** The real stack, synthesized with these settings. */
export async function realStack(): Promise<SynthesizedStack> {
  const { directory, stackName } = await synthesize(context, () => undefined, new AbortController().signal);
  return readSynthesizedStack(directory, stackName);
}

export interface Subject {
  plane: ControlPlane;
  stop: () => Promise<void>;
}

/**
 * The functions of a template, each in the role that it gives them, with a table of its own.
 * @throws what the local cloud refuses of the template
 */
export async function startSubject(stack: SynthesizedStack, template: Template): Promise<Subject> {
  const table = await startTestDynamoDb();
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-subject-'));
  try {
    const cloud = await startTestCloud(
      {},
      {
        stack: { ...stack, template },
        dynamoDbEndpoint: table.endpoint,
        dir,
        redelivery: { afterMs: 10, times: 3 },
        send: receive,
        // A task that does nothing, and ends when it is told to.
        commandOf: () => ({ file: 'sleep', args: ['infinity'] }),
      },
    );
    // The clock strikes when a check says so: a minute that is over in the middle of one would change what it sees.
    cloud.buses.stop();
    const plane = new ControlPlane(cloud);
    const stop = async () => {
      plane.close();
      await cloud.close();
      await table.stop();
      rmSync(dir, { recursive: true, force: true });
    };
    return { plane, stop };
  } catch (error) {
    await table.stop();
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}
