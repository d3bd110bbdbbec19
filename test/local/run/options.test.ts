import { describe, expect, it } from 'vitest';
import { help, readOptions } from '../../../local/run/options.ts';

const read = (args: string[], environment: Record<string, string> = {}) => {
  const options = readOptions(args, environment);
  if (options === 'help') throw new Error('asked for help');
  return options;
};

describe('the options of npm start', () => {
  it('have defaults that suit a first run', () => {
    expect(read([])).toEqual({
      sip: { host: '127.0.0.1', port: 5060 },
      aws: { host: '127.0.0.1', port: 0 },
      zones: 1,
      sipServer: { kind: 'embedded' },
      secret: undefined,
      minFree: 2,
      startDelay: { fromMs: 0, toMs: 0 },
      startFailureRate: 0,
      gatewayKind: 'auto',
      data: undefined,
      runFile: undefined,
      json: false,
      settings: { zones: '1', poolMinFree: '2', poolMax: '20' },
      edge: {},
    });
  });

  it('become settings of the deployment, by their own name or by --set', () => {
    const { settings } = read([
      ...['--domain', 'rooms.test', '--after-call', 'reuse', '--min-expires-mode', 'refuse'],
      ...['--set', 'lockLeaseSec=30', '--set', 'trustedAddresses=10.0.0.0/8'],
    ]);
    expect(settings).toEqual({
      zones: '1',
      poolMinFree: '2',
      poolMax: '20',
      domain: 'rooms.test',
      afterCall: 'reuse',
      minExpiresMode: 'refuse',
      lockLeaseSec: '30',
      trustedAddresses: '10.0.0.0/8',
    });
  });

  it('say how gateways start', () => {
    expect(read(['--start-delay', '500ms']).startDelay).toEqual({ fromMs: 500, toMs: 500 });
    expect(read(['--start-delay', '60s..120s']).startDelay).toEqual({ fromMs: 60_000, toMs: 120_000 });
    expect(read(['--start-failure-rate', '0.25']).startFailureRate).toBe(0.25);
    // As many as are usual, where there may be as many.
    expect(read(['--max', '1'])).toMatchObject({ minFree: 1, settings: { poolMinFree: '1', poolMax: '1' } });
  });

  it('start several edges, but not at a SIP server that runs already', () => {
    expect(read(['--zones', '2'])).toMatchObject({ zones: 2, settings: { zones: '2' } });
    expect(() => read(['--zones', '4'])).toThrow('--zones');
    expect(() => read(['--zones', '2', '--drachtio', '10.0.0.5:9022'])).toThrow(
      '--zones takes a drachtio to start',
    );
  });

  it.each([
    ['/opt/drachtio', { kind: 'binary', file: '/opt/drachtio' }],
    ['10.0.0.5:9022', { kind: 'running', admin: { host: '10.0.0.5', port: 9022 } }],
  ])('take the drachtio %s from the command line or the environment', (drachtio, choice) => {
    expect(read(['--drachtio', drachtio]).sipServer).toEqual(choice);
    expect(read([], { DRACHTIO: drachtio }).sipServer).toEqual(choice);
  });

  it('are all documented', () => {
    expect(readOptions(['--help', '--sip', 'nonsense'], {})).toBe('help');
    const flags = [...help.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, flag]) => flag);
    // What the help names is taken: an unknown flag would be told of by name.
    for (const flag of flags) {
      expect(() => readOptions([`--${flag}=?`], {})).not.toThrow(/Unknown option/);
    }
    expect(flags).toHaveLength(20);
  });

  it.each([
    ['an address without a port', ['--sip', '127.0.0.1']],
    ['a port that is none', ['--aws', '127.0.0.1:70000']],
    ['a negative number', ['--min-free=-1']],
    ['more free gateways than there may be', ['--min-free', '5', '--max', '3']],
    ['more gateways than a machine bears', ['--max', '5000']],
    ['a time without its unit', ['--start-delay', '20']],
    ['a range from long to short', ['--start-delay', '20s..10s']],
    ['a share above one', ['--start-failure-rate', '1.5']],
    ['a setting without a value', ['--set', 'lockLeaseSec']],
    ['an edge variable without a name', ['--edge', '=5']],
    ['a gateway of no known kind', ['--gateway-kind', 'asterisk']],
    ['an option without its value', ['--data']],
  ])('refuse %s, and point at the help', (_what, args) => {
    expect(() => readOptions(args, {})).toThrow(/--help$/);
  });
});
