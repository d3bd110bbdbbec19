import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError } from '../command-line/command-error.ts';
import { oneOf, readOptions } from '../command-line/read-options.ts';
import { runCommand } from '../command-line/run-command.ts';
import { synthesize } from '../local/run/synthesize.ts';
import { certificateArn, certificateStack } from './certificate.ts';
import { runChecks } from './checks/checks.ts';
import { type MediaAddress, mediaAddresses } from './checks/media.ts';
import { Lab } from './lab.ts';
import { run } from './network/commands.ts';
import { peeredAddress, stunAddress } from './network/plan.ts';
import { missingForLab } from './requirements.ts';

/* `npm run lab`: the deployment in a network shaped like AWS, on namespaces of Linux. */

const help = `npm run lab -- [options]   Runs what the template says in a network shaped like AWS, and looks whether it works.
It needs root and Linux (iproute2, nftables), and leaves nothing behind: all of it is in namespaces of its own.
DRACHTIO=/path/to/drachtio takes a real one in the place of ours.

  --short              leaves out what takes minutes: updates, outages, long calls
  --open               lets in callers of every address, as the stack does unless it is told
  --sipmediagw DIR     looks whether SIPMediaGW takes a call; DIR is the root directory of its image (docker export)
  --media-address X    looks whether callers hear what their gateway hears, with mediaAddress public, private or turn
  --json               one JSON object a line
  --help               this text
`;

const flags = {
  short: { type: 'boolean', default: false },
  open: { type: 'boolean', default: false },
  sipmediagw: { type: 'string' },
  'media-address': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

interface LabRun {
  json: boolean;
  short: boolean;
  open: boolean;
  mediaAddress: MediaAddress | undefined;
  sipmediagw: string | undefined;
}

const insideVariable = 'SWITCHROOM_LAB_INSIDE';
/** As the real one's first seconds, with a pool that no check has to wait for. */
const settings = (
  { short: isShort, open, mediaAddress, sipmediagw }: LabRun,
  gatewayEnvironment: string,
) => ({
  zones: '2',
  domain: 'sip.example.test',
  hostedZoneId: 'Z0123456789ABCDEFGHIJ',
  hostedZoneName: 'example.test',
  // Where callers are: what of ours takes a way over the internet is shut out.
  ...(!open && { allowedAddresses: `192.0.2.0/24,${peeredAddress}/32` }),
  poolMinFree: sipmediagw ? '1' : isShort ? '2' : '22',
  poolMax: '60',
  ...(sipmediagw && {
    // Of it nothing but the tag is read: what runs is in the directory.
    gatewayImage: 'renater/sipmediagw:1.8.5',
    gatewayEnvironment,
    launchType: 'fargate',
    gatewayArchitecture: 'x86_64',
    gatewayAudioOnly: 'true',
    gatewayCpuUnits: '2048',
    gatewayMemoryMiB: '4096',
    mediaAddress: 'private',
  }),
  ...(mediaAddress && { mediaAddress, repairSdp: 'true', stunServer: `${stunAddress}:3478` }),
});

/** Runs this command again where nothing of it can touch this machine, and ends as that one does. */
async function runInside(): Promise<number> {
  const missing = missingForLab();
  if (missing.length > 0) throw new CommandError(`the lab needs ${missing.join(', ')}`);
  const unshared = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...unshared, process.execPath, ...process.argv.slice(1)], {
    env: { ...process.env, [insideVariable]: '1' },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill('SIGKILL'));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

async function runLab(asked: LabRun): Promise<number> {
  const { json, short, mediaAddress, sipmediagw } = asked;
  const say = (event: string, text: string, fields: object = {}) =>
    process.stdout.write(json ? `${JSON.stringify({ event, ...fields, text })}\n` : `${text}\n`);
  // Names of namespaces, which are files, are this run's alone.
  run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync('/run/netns');
  const drachtio = process.env.DRACHTIO?.includes('/') ? process.env.DRACHTIO : undefined;
  const environment = '/run/sipmediagw.env';
  writeFileSync(
    environment,
    `WEBRTC_DOMAINS='{"jitsi":{"name":"Jitsi Meet","domain":"meet.example.test"}}'\n`,
  );
  const { domain, zones, poolMinFree, ...others } = settings(asked, environment);
  const chosen = {
    domain,
    zones,
    poolMinFree,
    ...others,
    ...(drachtio && { tlsCertificateSecretArn: certificateArn }),
  };
  const synthesized = await synthesize(chosen, (text) => say('says', text), new AbortController().signal);
  const lab = await Lab.open({
    synthesized,
    drachtio,
    zones: Number(zones),
    minFree: Number(poolMinFree),
    places: short ? 40 : 200,
    gatewayImageRoot: sipmediagw,
    before: drachtio === undefined ? [] : [certificateStack(domain)],
  });
  say('built', `Built on ${drachtio ?? 'our SIP server'}; logs: ${lab.dir}`, { dir: lab.dir });
  const isGood = await runChecks(
    lab,
    domain,
    { isShort: short, isOpen: asked.open, mediaAddress, isSipMediaGw: sipmediagw !== undefined },
    say,
  ).finally(() => lab.close());
  // The logs of what went wrong are kept.
  if (isGood) rmSync(lab.dir, { recursive: true, force: true });
  return isGood ? 0 : 1;
}

await runCommand('lab', async () => {
  const { values } = readOptions({ command: 'npm run lab', flags, words: false }, process.argv.slice(2));
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const given = values['media-address'];
  const mediaAddress =
    given === undefined ? undefined : oneOf('npm run lab', '--media-address', given, mediaAddresses);
  if (process.env[insideVariable] === undefined) return runInside();
  const { json, open, sipmediagw } = values;
  const short = values.short || mediaAddress !== undefined || sipmediagw !== undefined;
  return process.exit(await runLab({ json, short, open, mediaAddress, sipmediagw }));
});
