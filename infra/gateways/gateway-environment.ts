import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { closest } from 'fastest-levenshtein';
import * as z from 'zod';
import { timeZoneSchema } from '../../contracts/common.ts';
import { SettingsError } from '../settings.ts';

/** The platforms that it has a module for (browsing/*.py). */
const platforms = [
  'jitsi',
  'bigbluebutton',
  'visio',
  'livekit',
  'webinaire',
  'teams',
  'googlemeet',
  'nextcloud',
] as const;

const text = z.string().max(4096);
const size = text.regex(/^\d{2,4}x\d{2,4}$/, 'must be such as 1280x720');
const seconds = text.regex(/^\d{1,6}$/, 'must be a number of seconds');
const url = text.pipe(z.url({ protocol: /^https?$/, error: 'must be a URL' }));
const host = text.regex(/^[A-Za-z0-9.-]+$/, 'must be a host without a port');

/** What it writes between quotes into a file of JSON, as it stands. */
const betweenQuotes = text.refine((value) => isJson(`"${value}"`), {
  message: 'stands between quotes of JSON: must have no ", and \\\\ for each \\',
});

/** Menus type one digit for a platform. */
const conferences = text.refine(
  (value) => isJson(value) && conferencesSchema.safeParse(JSON.parse(value)).success,
  {
    message: `must be JSON such as {"jitsi":{"name":"Jitsi Meet","domain":"meet.example.org"}}, of ${platforms.join(', ')}`,
  },
);
const conferencesSchema = z
  .partialRecord(z.enum(platforms), z.strictObject({ name: z.string().min(1), domain: z.string().min(1) }))
  .refine((platformsOfFile) => Object.keys(platformsOfFile).length > 0);

/** Every variable of SIPMediaGW's .env that is the operator's to set. */
const variablesSchema = z.strictObject({
  WEBRTC_DOMAINS: conferences,
  CONFMAPPER: betweenQuotes,
  AUTH_TOKEN: betweenQuotes,
  TOKEN_API_URL: betweenQuotes,
  ROOM_REGEXP: betweenQuotes,
  WEBINAIRE_TOKEN: betweenQuotes,
  IVR_LANG: z.enum(['en', 'fr'], { error: 'must be en or fr: it has no other prompts' }),
  IVR_DIGIT_LENGTH: text.regex(/^\d{1,2}$/, 'must be a number of digits'),
  IVR_TTS: z.enum(['true', '']),
  IVR_TIMEOUT: seconds,
  ENDING_TIMEOUT: seconds,
  ASSETS_URL: url,
  LOG_PUSH_URL: url,
  HEPLIFY_SRV: text.regex(/^[A-Za-z0-9.-]+:\d{1,5}$/, 'must be host:port'),
  // baresip is given no module for the others.
  MEDIAENC: z.enum(['srtp', 'srtp-mand', 'srtp-mandf']),
  TURN_SRV: host,
  TURN_USER: text,
  TURN_PASS: text,
  VID_SIZE_APP: size,
  VID_SIZE_WEBRTC: size,
  BFCP_FLOORCTRL: z.enum(['c-only', 's-only', 'c-s']),
  BARESIP_ARGS: text,
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  NO_PROXY: text,
  TZ: timeZoneSchema,
});
/** They would stand in the task definition for everybody to read who may read it. */
const secretNamesOnly = ['AUTH_TOKEN', 'WEBINAIRE_TOKEN', 'TURN_PASS'];
const variableNames = Object.keys(variablesSchema.shape);

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const unknownVariable = (name: string) =>
  `${name} is none of its variables that can be set: is ${closest(name, variableNames)} meant?`;

/**
 * Reads the variables of SIPMediaGW that the setting `gatewayEnvironment` names.
 * @param file of lines `NAME=value`; a value in single quotes may have several lines
 * @param secretNames variables that come from Secrets Manager instead
 * @throws SettingsError naming each that is unknown or wrong
 */
export function readGatewayEnvironment(file: string, secretNames: readonly string[]): Record<string, string> {
  const problems: string[] = [];
  const given = variablesOf(file);
  const schema = variablesSchema.partial().required({ WEBRTC_DOMAINS: true });
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') problems.push(...issue.keys.map(unknownVariable));
    else problems.push(`${issue.path.join('.')}: ${issue.message}`);
  }
  for (const name of secretNamesOnly.filter((one) => one in given)) {
    problems.push(`${name} is a secret: put it into Secrets Manager, and name it in gatewaySecrets`);
  }
  for (const name of secretNames) {
    if (!variableNames.includes(name)) problems.push(unknownVariable(name));
    else if (name in given) problems.push(`${name} is one of gatewaySecrets as well`);
  }
  if (problems.length > 0) {
    throw new SettingsError(`setting gatewayEnvironment: ${file}: ${problems.join('; ')}`);
  }
  return given;
}

function variablesOf(file: string): Record<string, string> {
  try {
    const lines = Object.entries(parseEnv(readFileSync(file, 'utf8')));
    // Who copied its .env has empty ones for what is not set. The menu speaks unless this one is empty.
    return Object.fromEntries(
      lines.flatMap(([name, value = '']) => (value === '' && name !== 'IVR_TTS' ? [] : [[name, value]])),
    );
  } catch (error) {
    throw new SettingsError(`setting gatewayEnvironment: ${file}: ${(error as Error).message}`);
  }
}
