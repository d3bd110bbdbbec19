import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { afterAll, describe, expect, it } from 'vitest';
import { passwordOf } from '../../lambdas/functions/api/gateways/password.ts';
import { deployments, sipmediagw, stackOf, synthesize } from './synth.ts';

const dir = mkdtempSync(join(tmpdir(), 'gateway-environment-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const conferences = `WEBRTC_DOMAINS='{"jitsi":{"name":"Jitsi Meet","domain":"meet.example.org"}}'`;

/** Settings of a deployment whose gateways have these variables. */
function withVariables(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const gatewayEnvironment = join(dir, 'gateway.env');
  writeFileSync(gatewayEnvironment, text);
  return { ...sipmediagw, gatewayEnvironment, ...more };
}

interface Container {
  EntryPoint: string[];
  Environment: { Name: string; Value: unknown }[];
  Secrets: { Name: string; ValueFrom: unknown }[];
}

function gatewayOf(template: ReturnType<typeof synthesize>): Container & { text: Map<string, unknown> } {
  const [definition] = Object.values(
    template.findResources('AWS::ECS::TaskDefinition', { Properties: { Family: 'Switchroom-gateway' } }),
  );
  const container: Container = definition?.Properties.ContainerDefinitions[0];
  return { ...container, text: new Map(container.Environment.map(({ Name, Value }) => [Name, Value])) };
}

const template = synthesize(sipmediagw);

describe('gateways on EC2', () => {
  it('get the devices of an instance of their own, where SIPMediaGW needs them', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      NetworkMode: 'host',
      ContainerDefinitions: [
        Match.objectLike({
          Image: 'renater/sipmediagw:1.8.4',
          LinuxParameters: Match.objectLike({
            Devices: Match.arrayWith([Match.objectLike({ HostPath: '/dev/video0' })]),
          }),
        }),
      ],
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'Switchroom-fleet',
      // A task has the network of its host, and no subnet of its own.
      Environment: { Variables: Match.objectLike({ SUBNETS: '', SECURITY_GROUPS: '', GATEWAY_ID: '0' }) },
    });
  });

  it('are told their public address by a file: containers do not reach the metadata of the instance', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Volumes: [{ Name: 'public-address', Host: { SourcePath: '/run/switchroom' } }],
    });
    expect(gatewayOf(template).EntryPoint.at(-1)).not.toContain('169.254');
    const privately = gatewayOf(synthesize({ ...sipmediagw, mediaAddress: 'private' }));
    expect(privately.EntryPoint.at(-1)).not.toContain('PUBLIC_IP');
  });

  it('have what stands beside the image of SIPMediaGW, and what the file says', () => {
    const { text } = gatewayOf(template);
    expect(Object.keys(JSON.parse(String(text.get('WEBRTC_DOMAINS'))))).toEqual(['jitsi', 'visio']);
    expect(text.get('IVR_LANG')).toBe('fr');
    expect(text.get('IVR_DIGIT_LENGTH')).toBe('1');
    expect(text.get('WITH_ALSA')).toBe('true');
    expect(text.has('CONFMAPPER')).toBe(false);
    expect(text.has('AUDIO_ONLY')).toBe(false);
  });

  it('copy their SIP to the capture server of the edges, unless the file names another or a secret does', () => {
    const captureServer = 'homer.example.org:9060';
    const serverOf = (settings: Record<string, unknown>) =>
      gatewayOf(synthesize({ ...settings, captureServer })).text.get('HEPLIFY_SRV');
    expect(serverOf(sipmediagw)).toBe(captureServer);
    expect(serverOf(withVariables(`${conferences}\nHEPLIFY_SRV=192.0.2.1:9060`))).toBe('192.0.2.1:9060');
    const secret = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:homer-AbCdEf';
    // ECS refuses a container with a variable and a secret of one name; there is a default for the language, too.
    const secrets = `HEPLIFY_SRV=${secret},IVR_LANG=${secret}`;
    const { text, Secrets } = gatewayOf(
      synthesize(withVariables(conferences, { captureServer, gatewaySecrets: secrets })),
    );
    expect(Secrets.map(({ Name }) => Name)).toEqual(expect.arrayContaining(['HEPLIFY_SRV', 'IVR_LANG']));
    for (const name of ['HEPLIFY_SRV', 'IVR_LANG']) expect(text.has(name)).toBe(false);
  });

  it('take media in the ports that their security group opens', () => {
    const [rule] = Object.values(template.findResources('AWS::EC2::SecurityGroup')).flatMap(
      ({ Properties }) =>
        Properties.SecurityGroupIngress?.filter(
          ({ Description }: { Description: string }) => Description === 'Media',
        ) ?? [],
    );
    expect(gatewayOf(template).EntryPoint.at(-1)).toContain(`rtp_ports\\t${rule.FromPort}-${rule.ToPort}`);
    for (const closed of [4444, 5555, 8000, 9515])
      expect(closed < rule.FromPort || closed > rule.ToPort).toBe(true);
  });
});

describe('the start of SIPMediaGW', () => {
  it.each(['sipmediagw', 'audioOnly'])('is a script that bash understands (%s)', (name) => {
    const script = gatewayOf(synthesize(deployments[name])).EntryPoint.at(-1) ?? '';
    const { status, stderr } = spawnSync('bash', ['-n', '-c', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('registers when somebody listens to its calls, and not as soon as baresip runs', () => {
    const script = gatewayOf(template).EntryPoint.at(-1) ?? '';
    const [unregistered, watch, started] = [
      /;regint=60;\/;regint=0;tcpsrcport=5060;/,
      /:4444 .*uareg 60 0/,
      /entrypoint\.sh/,
    ].map((step) => script.search(step));
    expect(unregistered).toBeGreaterThan(0);
    expect(watch).toBeGreaterThan(unregistered ?? 0);
    expect(started).toBeGreaterThan(watch ?? 0);
  });
});

describe('the address that SIPMediaGW posts its record to', () => {
  const script = gatewayOf(template).EntryPoint.at(-1) ?? '';
  const lines = /^if \[ -z "\$\{LOG_PUSH_URL[\s\S]*?^unset MEDIA_REPORT_SECRET$/m.exec(script)?.[0] ?? '';
  const addressOf = (environment: Record<string, string>) =>
    spawnSync('bash', ['-euc', `${lines}\nprintenv LOG_PUSH_URL; printenv MEDIA_REPORT_SECRET || true`], {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        ...{ SIP_NAME_PREFIX: '0123', GW_NAME_PREFIX: 'mediagw', GW_ID: '0' },
        MEDIA_REPORT_URL: 'https://api.example.org/gateway/v1/media-reports',
        MEDIA_REPORT_SECRET: 'secret',
        ...environment,
      },
    }).stdout;

  it("holds the gateway's username and the password that the API expects of it, and the secret is gone", () => {
    const password = passwordOf('0123.mediagw.0', 'secret');
    const credentials = `0123.mediagw.0:${password}`;
    expect(addressOf({})).toBe(`https://${credentials}@api.example.org/gateway/v1/media-reports\n`);
  });

  it("is the operator's, where there is one", () => {
    expect(addressOf({ LOG_PUSH_URL: 'https://logs.example.org' })).toBe('https://logs.example.org\n');
  });
});

describe('what the start changes in the image', () => {
  // As its files have them.
  const config = [
    '#sip_listen\t\t0.0.0.0:5060',
    'cons_listen\t\t0.0.0.0:5555 # cons - Console UI UDP/TCP sockets',
    '#http_listen\t\t0.0.0.0:8000',
    'ctrl_tcp_listen\t\t0.0.0.0:4444',
    '#rtp_ports\t\t10000-20000',
  ];
  const account = 'sipAccount="<sip:name@domain;transport=tcp>;regint=60;"';

  it('lets any edge call it where it says, and nobody else command it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sipmediagw-'));
    try {
      writeFileSync(join(directory, 'config_default'), `${config.join('\n')}\n`);
      writeFileSync(join(directory, 'baresip.sh'), `${account}\n`);
      const lines = (gatewayOf(template).EntryPoint.at(-1) ?? '').split('\n');
      const changes = lines.filter((line) => line.includes('/var/baresip/'));
      const script = changes.join('\n').replaceAll('/var/baresip/', `${directory}/`);
      expect(spawnSync('bash', ['-euc', script], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
      const changed = readFileSync(join(directory, 'config_default'), 'utf8');
      // It connects from the port that it listens at: that is its Contact.
      expect(changed).toMatch(/^sip_listen\s+0\.0\.0\.0:5060$/m);
      expect(readFileSync(join(directory, 'baresip.sh'), 'utf8')).toContain(';regint=0;tcpsrcport=5060;"');
      expect(changed).toMatch(/^cons_listen\s+127\.0\.0\.1:5555/m);
      expect(changed).toMatch(/^ctrl_tcp_listen\s+127\.0\.0\.1:4444/m);
      expect(changed).toMatch(/^rtp_ports\s+10000-32767$/m);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('an audio-only SIPMediaGW', () => {
  it('runs on Fargate, with no device and its secrets from Secrets Manager', () => {
    const audioOnly = synthesize(deployments.audioOnly);
    audioOnly.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
    });
    const { text, Secrets, EntryPoint } = gatewayOf(audioOnly);
    expect([text.get('AUDIO_ONLY'), text.get('WITH_ALSA')]).toEqual(['true', 'false']);
    expect(EntryPoint.at(-1)).toContain('--disable-dev-shm-usage');
    expect(Secrets).toContainEqual({
      Name: 'AUTH_TOKEN',
      ValueFrom: 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:jitsi-AbCdEf:jwt::',
    });
  });
});

describe('the variables of SIPMediaGW are refused', () => {
  const secret = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:jitsi-AbCdEf';

  it.each([
    ['without a conference', 'IVR_LANG=fr', /WEBRTC_DOMAINS/],
    ['with conferences that are no JSON', "WEBRTC_DOMAINS='{jitsi:1}'", /WEBRTC_DOMAINS: must be JSON/],
    [
      'with a platform that it has no module for',
      `WEBRTC_DOMAINS='{"zoom":{"name":"Z","domain":"z"}}'`,
      /of jitsi/,
    ],
    ['with a misspelt name', `${conferences}\nCONF_MAPPER=https://a.example`, /is CONFMAPPER meant/],
    ["with a name that is the stack's", `${conferences}\nSIP_SECRET=x`, /SIP_SECRET is none/],
    [
      'with a pattern that breaks its JSON',
      `${conferences}\nROOM_REGEXP=^\\d+$`,
      /ROOM_REGEXP: stands between/,
    ],
    ['in a language without prompts', `${conferences}\nIVR_LANG=es`, /IVR_LANG: must be en or fr/],
    ['with a mediaenc that baresip has no module for', `${conferences}\nMEDIAENC=zrtp`, /MEDIAENC/],
    ['with a secret', `${conferences}\nAUTH_TOKEN=x`, /AUTH_TOKEN is a secret/],
    ['with no URL', `${conferences}\nLOG_PUSH_URL=logs.example.org`, /LOG_PUSH_URL: must be a URL/],
    ['with an unknown zone', `${conferences}\nTZ=Paris`, /TZ: must be an IANA/],
  ])('%s', (_why, text, problem) => {
    expect(() => stackOf(withVariables(text))).toThrow(problem);
  });

  it('where one is a secret as well, or the file is not there', () => {
    const gatewaySecrets = `TOKEN_API_URL=${secret}`;
    expect(() => stackOf(withVariables(`${conferences}\nTOKEN_API_URL=x`, { gatewaySecrets }))).toThrow(
      /as well/,
    );
    expect(() => stackOf(withVariables(conferences, { gatewaySecrets: `GW_ID=${secret}` }))).toThrow(/GW_ID/);
    expect(() => stackOf({ ...sipmediagw, gatewayEnvironment: join(dir, 'none') })).toThrow(/ENOENT/);
  });

  it('but a pattern with its backslashes doubled goes through', () => {
    const doubled = synthesize(withVariables(`${conferences}\nROOM_REGEXP=^\\\\d+$`));
    expect(gatewayOf(doubled).text.get('ROOM_REGEXP')).toBe('^\\\\d+$');
  });
});
