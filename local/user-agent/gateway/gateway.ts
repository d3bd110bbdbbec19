import { lookup } from 'node:dns/promises';
import { localAddressTowards } from '../local-address.ts';
import { UserAgent } from '../user-agent.ts';
import { GatewaySettingsError, readGatewaySettings } from './gateway-settings.ts';
import { SampleGateway } from './sample-gateway.ts';

/* The sample gateway where baresip is not installed. Same environment and behaviour as gateway/entrypoint.sh. */

const log = (text: string) => process.stdout.write(`gateway: ${text}\n`);

/** An edge that is gone is not waited for. */
const stopLimitMs = 5000;

async function main(): Promise<void> {
  const settings = await readGatewaySettings(process.env);
  const { host, port } = settings.server;
  const server = { address: (await lookup(host, { family: 4 })).address, port };
  const agent = await UserAgent.open({
    server,
    protocol: settings.protocol,
    bind: { address: await localAddressTowards(server), port: 0 },
    onlyFromServer: true,
  });
  const gateway = new SampleGateway(agent, {
    ...settings,
    onFailure: ({ message }) => log(`not registered: ${message}`),
    onError: ({ message }) => log(`a call could not be answered: ${message}`),
    onAnswered: ({ dialog, ended }) => {
      log(`answered call ${dialog.callId}`);
      void ended.then(({ by, cause }) => log(`call ${dialog.callId} ended: ${cause} by ${by}`));
    },
  });

  const stop = () => {
    setTimeout(() => process.exit(0), stopLimitMs).unref();
    void gateway.stop();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  log(`${settings.username}@${settings.domain} registers at ${host}:${port} over ${settings.protocol}`);
  // A refusal has been told by onFailure, and is tried again.
  await gateway.start().catch(() => {});
  const end = await gateway.ended;
  log(end === 'stopped' ? 'stopped' : 'the call is over');
  await agent.close();
  // A task's end must not wait for a socket that somebody forgot.
  process.exit(0);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof GatewaySettingsError)) throw error;
  process.stderr.write(`gateway: ${error.message}\n`);
  process.exit(2);
}
