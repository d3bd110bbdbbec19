import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { CommandError } from '../command-line/command-error.ts';
import { readOptions, wrong } from '../command-line/read-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { startLocalCloud } from './aws/cloud.ts';
import { dockerFile } from './aws/ecr/images.ts';
import { region } from './aws/identity.ts';
import { openRunDirectory } from './run/files/run-directory.ts';
import { gatewayCommand } from './run/gateways.ts';
import { type Address, parseAddress } from './run/options.ts';
import { checkAddress } from './run/ports.ts';
import { keepLogsBounded } from './run/processes/bounded-logs.ts';
import { Reaper } from './run/processes/reaper.ts';
import { startTableEngine } from './run/table-engine.ts';
import { unwritable } from './run/unwritable.ts';

/* `npm run local-cloud`: an AWS with nothing in it on this machine, to try `cdk deploy` with. */

const help = `npm run local-cloud -- [options]   An empty AWS on this machine, for cdk deploy. Ctrl-C ends it.

  --aws ADDRESS:PORT   where it listens; port 0 takes a free one                (127.0.0.1:0)
  --help               this text
`;

const write = (text: string) => process.stdout.write(text);

const command = 'npm run local-cloud';

const flags = {
  aws: { type: 'string', default: '127.0.0.1:0' },
  help: { type: 'boolean', default: false },
} as const;

function options(): Address | 'help' {
  const { values } = readOptions({ command, flags, words: false }, process.argv.slice(2));
  if (values.help) return 'help';
  const address = parseAddress(values.aws);
  // Where the endpoint has a name, the SDK puts the bucket before it.
  if (address && isIPv4(address.host)) return address;
  return wrong(command, `--aws takes ADDRESS:PORT with an IPv4 address, not "${values.aws}"`);
}

async function run({ host, port }: Address): Promise<void> {
  await checkAddress('aws', { host, port }, ['TCP']);
  const { dir, keep, remove } = openRunDirectory(undefined);
  const reaper = new Reaper([dir]);
  const teardown: (() => Promise<void> | void)[] = [
    () => reaper.close(),
    remove,
    keepLogsBounded(
      join(dir, 'logs'),
      unwritable((_event, text) => write(`${text}\n`)),
    ),
  ];
  const stopped = new AbortController();
  const stop = async () => {
    stopped.abort(new CommandError('stopped while starting', 0));
    for (const step of teardown.splice(0).reverse()) await step();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(0)));
  }
  try {
    const table = await startTableEngine({
      dir,
      keep,
      supervision: {
        signal: stopped.signal,
        onGroup: reaper.watch,
        onDeath: (name) => write(`${name} died and is started again\n`),
        onUnwritable: unwritable((_event, text) => write(`${text}\n`)),
        onRestart: (name) => {
          write(`${name} is up again\n`);
          void cloud.tables.restore().catch((error: Error) => write(`no tables: ${error.message}\n`));
        },
      },
    });
    teardown.push(() => table.stop());
    const cloud = await startLocalCloud({
      dynamoDbEndpoint: table.endpoint,
      dir,
      keep,
      commandOf: (_definition, imageDirectory) => gatewayCommand('auto', imageDirectory()),
      host,
      port,
      onGroup: reaper.watch,
      onUnwritable: unwritable((_event, text) => write(`${text}\n`)),
      onDamage: (what) => write(`${what}\n`),
    });
    teardown.push(async () => {
      await cloud.tasks.stopAll('the local cloud ends');
      await cloud.close();
    });
    const variables = {
      ...cloud.variablesOf(),
      // As SDKs of other languages have it.
      AWS_DEFAULT_REGION: region,
      CDK_DOCKER: dockerFile,
      SWITCHROOM_IMAGES: cloud.images.dir,
    };
    const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
    write(
      `An empty AWS listens. In another terminal:\n\n${lines.join('\n')}\n\nLogs: ${join(dir, 'logs')}\n`,
    );
  } catch (error) {
    await stop();
    throw error;
  }
}

await runCommand('local-cloud', async () => {
  // Whatever it and its processes write is for the owner alone.
  process.umask(0o077);
  const given = options();
  if (given === 'help') write(help);
  else await run(given);
});
