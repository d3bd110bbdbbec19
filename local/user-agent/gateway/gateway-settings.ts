import * as z from 'zod';
import { formatGatewayName } from '../../../contracts/gateway-name.ts';

/* The environment of a gateway: the names of gateway/entrypoint.sh, and its checks. */

const part = z.string().regex(/^[A-Za-z0-9_-]+$/, 'may hold letters, digits, _ and -');
const serverPattern = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/;

const environmentSchema = z.object({
  SIP_DOMAIN: z.string().regex(/^[A-Za-z0-9.-]+$/, 'is no domain'),
  SIP_SECRET: z.string().regex(/^[^\s;"<>]+$/, 'must not contain blanks, quotes or any of ; < >'),
  SIP_SERVER: z.string().regex(serverPattern, 'is not host:port').optional(),
  SIP_TRANSPORT: z.enum(['tcp', 'udp']).default('tcp'),
  SIP_NAME_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'may hold letters, digits, _, - and dots between them')
    .optional(),
  GW_NAME_PREFIX: part.default('mediagw'),
  GW_ID: part.default('1'),
  AFTER_CALL: z.enum(['stop', 'reuse']).default('stop'),
  ECS_CONTAINER_METADATA_URI_V4: z.url().optional(),
});

export interface GatewaySettings {
  username: string;
  domain: string;
  password: string;
  server: { host: string; port: number };
  protocol: 'tcp' | 'udp';
  afterCall: 'stop' | 'reuse';
}

/** One line that says which variable is wrong. Never shows a value. */
export class GatewaySettingsError extends Error {
  override readonly name = 'GatewaySettingsError';
}

const metadataSchema = z.object({ TaskARN: z.string() });
const metadataTimeoutMs = 5000;

/** @returns the last part of the task's ARN (ECS task metadata endpoint, version 4) */
async function taskId(metadataUri: string | undefined): Promise<string> {
  if (metadataUri === undefined) throw new GatewaySettingsError('SIP_NAME_PREFIX must be set outside ECS');
  try {
    const response = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(metadataTimeoutMs) });
    const { TaskARN } = metadataSchema.parse(await response.json());
    return TaskARN.slice(TaskARN.lastIndexOf('/') + 1);
  } catch (error) {
    throw new GatewaySettingsError('the ECS metadata endpoint does not tell the task', { cause: error });
  }
}

/**
 * @param environment e.g. `process.env`; an empty variable counts as unset
 * @throws GatewaySettingsError
 */
export async function readGatewaySettings(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<GatewaySettings> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    const why = given[name] === undefined ? 'must be set' : issue?.message;
    throw new GatewaySettingsError(`${name} ${why}`);
  }
  const settings = parsed.data;
  const [, host = '', port] = serverPattern.exec(settings.SIP_SERVER ?? settings.SIP_DOMAIN) ?? [];
  return {
    username: formatGatewayName({
      prefix: settings.SIP_NAME_PREFIX ?? (await taskId(settings.ECS_CONTAINER_METADATA_URI_V4)),
      name: settings.GW_NAME_PREFIX,
      id: settings.GW_ID,
    }),
    domain: settings.SIP_DOMAIN,
    password: settings.SIP_SECRET,
    server: { host, port: port === undefined ? 5060 : Number(port) },
    protocol: settings.SIP_TRANSPORT,
    afterCall: settings.AFTER_CALL,
  };
}
