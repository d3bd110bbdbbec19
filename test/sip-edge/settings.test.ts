import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '../../sip-edge/settings.ts';
import { neededEnvironment } from './support/environment.ts';

const { EDGE_ID: _, ...others } = neededEnvironment;
const needed = { ...others, SIP_DOMAIN: 'Example.test' };

describe('the settings', () => {
  it('have defaults for all but seven', () => {
    expect(readSettings(needed)).toMatchObject({
      sipDomain: 'example.test',
      gatewayName: 'mediagw',
      minExpiresSec: 60,
      minExpiresMode: 'raise',
      drachtioAddress: { host: '127.0.0.1', port: 9022 },
      trustedAddresses: [],
    });
  });

  it('come from the environment as text; an empty one is not given', () => {
    const given = { MIN_EXPIRES_SEC: '30', TRUSTED_ADDRESSES: '10.0.0.0/8, ::1', GATEWAY_NAME: '' };
    expect(readSettings({ ...needed, ...given, PATH: '/bin', DRACHTIO_ADDRESS: '[::1]:9023' })).toMatchObject(
      {
        minExpiresSec: 30,
        trustedAddresses: ['10.0.0.0/8', '::1'],
        gatewayName: 'mediagw',
        drachtioAddress: { host: '::1', port: 9023 },
      },
    );
  });

  it.each(Object.keys(needed))('need %s', (name) => {
    expect(() => readSettings({ ...needed, [name]: undefined })).toThrow(name);
  });

  it.each<[string, Record<string, string>]>([
    ['MIN_EXPIRES_SEC', { MIN_EXPIRES_SEC: 'soon' }],
    ['MIN_EXPIRES_SEC', { MIN_EXPIRES_SEC: '600', MAX_EXPIRES_SEC: '60' }],
    ['MIN_EXPIRES_MODE', { MIN_EXPIRES_MODE: 'ignore' }],
    ['LEASE_SEC', { LEASE_SEC: '20', HEARTBEAT_SEC: '15' }],
    ['MAX_ATTEMPTS', { MAX_ATTEMPTS: '0' }],
    ['DRACHTIO_ADDRESS', { DRACHTIO_ADDRESS: '127.0.0.1' }],
    ['EDGE_ID', { EDGE_ID: 'x'.repeat(65) }],
  ])('that are wrong are named in one line: %s %j', (name, given) => {
    const read = () => readSettings({ ...needed, ...given });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(name);
    expect(read).not.toThrow('\n');
  });

  it("given by hand must be settings, or the AWS SDK's", () => {
    const given = { MAX_ATTEMPT: '2', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    expect(() => readSettings({ ...needed, ...given }, Object.keys(given))).toThrow(
      'wrong settings: MAX_ATTEMPT is none: is MAX_ATTEMPTS meant?',
    );
    expect(readSettings({ ...needed, ...given }, ['AWS_ENDPOINT_URL', 'SIP_DOMAIN']).maxAttempts).toBe(3);
  });
});
