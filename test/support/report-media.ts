import { type RunFile, readRunFile } from '../../command-line/run-file.ts';
import { gatewayDoor } from '../../contracts/api/routes.ts';
import type { CallView } from '../../contracts/api/views.ts';
import { passwordOf } from '../../lambdas/functions/api/gateways/password.ts';
import { reportBytes, reportingGateway } from './sip-media-gateway-report.ts';

/**
 * Lets the gateway of the last call that was answered, and is over, tell a run how its media went, as SIPMediaGW does.
 * @param secret that the run was started with
 */
export async function reportMedia(runFile: string, secret: string): Promise<void> {
  const { outputs, apiToken } = readRunFile(runFile) as RunFile;
  const calls = await fetch(`${outputs.ApiAddress}/v1/calls?outcome=answered&limit=1`, {
    headers: { authorization: `Bearer ${apiToken}` },
  });
  const { items } = (await calls.json()) as { items: CallView[] };
  const { gateway = '', endedAt = '' } = items[0] ?? {};
  const answer = await fetch(`${outputs.ApiAddress}${gatewayDoor}/media-reports`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${gateway}:${passwordOf(gateway, secret)}`)}` },
    body: reportBytes.replaceAll(reportingGateway, gateway).replace('2026-11-30T15:33:03Z', endedAt),
  });
  if (answer.status !== 200) throw new Error(`the report was not taken: ${await answer.text()}`);
}
