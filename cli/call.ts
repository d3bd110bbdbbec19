import { lookup } from 'node:dns/promises';
import { CommandError } from '../command-line/command-error.ts';
import { runCommand } from '../command-line/run-command.ts';
import { defaultRunFile, readRunFile } from '../command-line/run-file.ts';
import { localAddressTowards } from '../local/user-agent/local-address.ts';
import { type CallStep, placeCall } from '../local/user-agent/place-call.ts';
import { type CallOptions, callHelp, readCallOptions } from './call/options.ts';

/* `npm run call`: one call, told step by step. */

/** npm passes a Ctrl-C on that the terminal has sent already: only a later one is a second one. */
const secondSignalAfterMs = 700;

/** @returns where to call, from the command line or the run on this machine */
async function whereTo({ sip, domain, runFile }: CallOptions) {
  const run = sip && domain !== undefined ? undefined : readRunFile(runFile ?? defaultRunFile);
  const server = sip ?? run?.sip;
  const servedDomain = domain ?? run?.domain;
  if (!server || servedDomain === undefined) {
    throw new CommandError('no run found on this machine: do npm start first, or give --sip and --domain');
  }
  try {
    const { address } = await lookup(server.host, { family: 4 });
    return { server: { address, port: server.port }, domain: servedDomain };
  } catch (error) {
    throw new CommandError(`--sip: ${server.host} has no address (${(error as NodeJS.ErrnoException).code})`);
  }
}

function stepWriter(json: boolean): (step: CallStep) => void {
  const begin = Date.now();
  return ({ step, text, fields }) => {
    const at = Date.now();
    const line = json
      ? JSON.stringify({ event: step, at, ...fields })
      : `${((at - begin) / 1000).toFixed(3).padStart(8)}  ${step.padEnd(9)} ${text}`;
    process.stdout.write(`${line}\n`);
  };
}

function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  let askedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const now = Date.now();
      if (askedAt !== undefined && now - askedAt > secondSignalAfterMs) process.exit(130);
      askedAt ??= now;
      controller.abort();
    });
  }
  return controller.signal;
}

async function main(): Promise<number> {
  const options = readCallOptions(process.argv.slice(2));
  if (options === 'help') {
    process.stdout.write(callHelp);
    return 0;
  }
  const { server, domain } = await whereTo(options);
  const answered = await placeCall({
    server,
    protocol: options.protocol,
    address: await localAddressTowards(server),
    // What a URI may not hold is escaped (RFC 3261 19.1.2); the edge reads it back.
    uri: `sip:${encodeURIComponent(options.room)}@${domain}`,
    from: options.from,
    durationSec: options.durationSec,
    signal: abortOnSignal(),
    onStep: stepWriter(options.json),
  });
  return answered ? 0 : 1;
}

await runCommand('call', main);
