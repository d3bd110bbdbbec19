import * as z from 'zod';

/* The kinds of values that a setting may have. */

/** `-c name=value` gives strings; cdk.json may give numbers. */
export const wholeNumber = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  );

/** The retention periods that CloudWatch Logs takes (PutRetentionPolicy), as far as they make sense here. */
export const logRetentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365] as const;

/** The CPU sizes of a Fargate task, in CPU units (1024 = one vCPU). */
export const fargateCpuUnits = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;

export const oneOf = (numbers: readonly number[]) =>
  wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .refine((value) => numbers.includes(value), { message: `must be one of ${numbers.join(', ')}` })
    .meta({ enum: numbers });

export const yesOrNo = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean({ error: 'must be true or false' }),
);

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be CIDRs, such as 192.0.2.0/24' });

/** `-c` gives text, with commas between; cdk.json may give a list. */
export const listOf = <T extends z.ZodType>(one: T) =>
  z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
        : value,
    z.array(one).max(50),
  );

export const cidrs = listOf(cidr);

export const hostNames = listOf(
  z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be host names'),
);

/** drachtio sends to no port below 1024, and says so in its log alone. */
export const captureServer = z.string().refine(
  (text) => {
    const [, port] = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?:(\d{4,5})$/.exec(text) ?? [];
    return text === '' || (Number(port) >= 1024 && Number(port) <= 65_535);
  },
  { message: 'must be host:port, with a port from 1024 to 65535' },
);

export const secretArn = /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/;

export const orEmpty = (pattern: RegExp, message: string) =>
  z
    .string()
    .max(2048)
    .refine((text) => text === '' || pattern.test(text), { message })
    .default('');
