export const domain = 'example.test';

/** What an edge must be told; the rest has defaults. */
export const neededEnvironment = {
  SIP_DOMAIN: domain,
  REGISTER_FUNCTION: 'register',
  ALLOCATE_FUNCTION: 'allocate',
  CALLS_FUNCTION: 'calls',
  BUS_NAME: 'bus',
  SIP_SECRET_ARN: 'sip',
  EDGE_ID: 'edge-1',
  DRACHTIO_SECRET: 'said at login',
};
