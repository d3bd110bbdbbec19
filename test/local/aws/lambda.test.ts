import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { until } from '../../support/until.ts';
import { functionResource, startTestCloud, type TestCloud } from './test-cloud.ts';

let cloud: TestCloud;
let lambda: LambdaClient;

beforeAll(async () => {
  cloud = await startTestCloud(
    {
      Probe: functionResource('probe', { Environment: { Variables: { COLOUR: 'green' } } }),
      Single: functionResource('probe'),
      Hasty: functionResource('probe', { Timeout: 1 }),
      Broken: functionResource('broken'),
      Absent: functionResource('absent'),
      Config: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Probe' },
          Qualifier: '$LATEST',
          MaximumRetryAttempts: 1,
        },
      },
    },
    { limits: { environments: 3, waiting: 4, growAfterMs: 5 }, retryDelaysMs: [10] },
  );
  lambda = new LambdaClient({ ...cloud.client, maxAttempts: 1 });
});

afterAll(async () => {
  lambda.destroy();
  await cloud.close();
});

async function invoke(name: string, event: object, type: 'RequestResponse' | 'Event' = 'RequestResponse') {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), InvocationType: type }),
  );
  const text = answer.Payload?.transformToString() ?? '';
  return { ...answer, body: text === '' ? undefined : JSON.parse(text) };
}

describe('a function invoked through the SDK', () => {
  it('gets its event and gives its answer', async () => {
    const { body, StatusCode, FunctionError } = await invoke('Test-Probe', { room: '1234' });
    expect(body.event).toEqual({ room: '1234' });
    expect(StatusCode).toBe(200);
    expect(FunctionError).toBeUndefined();
  });

  it('is found by its ARN and with a qualifier', async () => {
    const { body } = await invoke('arn:aws:lambda:us-east-1:000000000000:function:Test-Probe:$LATEST', {
      do: 'context',
    });
    expect(body).toMatchObject({ name: 'Test-Probe' });
    expect(body.leftMs).toBeLessThanOrEqual(5000);
  });

  it('sees the variables of the template and of Lambda, and none of this process', async () => {
    process.env.LEAKED_FROM_THE_TEST = 'yes';
    const { body } = await invoke('Test-Probe', { do: 'environment' });
    expect(body).toMatchObject({
      COLOUR: 'green',
      AWS_LAMBDA_FUNCTION_NAME: 'Test-Probe',
      AWS_ENDPOINT_URL: cloud.endpoint,
    });
    expect(body).not.toHaveProperty('LEAKED_FROM_THE_TEST');
  });

  it('answers null where it returns nothing', async () => {
    expect((await invoke('Test-Probe', { do: 'nothing' })).body).toBeNull();
  });

  it('has its error told to the caller', async () => {
    const { body, FunctionError } = await invoke('Test-Probe', { do: 'throw' });
    expect(FunctionError).toBe('Unhandled');
    expect(body).toMatchObject({ errorType: 'RangeError', errorMessage: 'as asked' });
  });

  it('is cut off at its timeout, and serves again in a new environment', async () => {
    const { body, FunctionError } = await invoke('Test-Hasty', { do: 'sleep', ms: 60_000 });
    expect(FunctionError).toBe('Unhandled');
    expect(body.errorMessage).toMatch(/Task timed out after 1\.00 seconds/);
    expect((await invoke('Test-Hasty', {})).body.served).toBe(1);
  });

  it('that exits is reported, and serves again', async () => {
    const { body } = await invoke('Test-Single', { do: 'exit' });
    expect(body).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await invoke('Test-Single', {})).FunctionError).toBeUndefined();
  });

  it.each([
    ['that throws while it loads', 'Test-Broken', /cannot start/],
    ['whose bundle is missing', 'Test-Absent', /Cannot find module/],
  ])('%s says so at each invocation', async (_what, name, message) => {
    for (const _attempt of [1, 2]) {
      const { body, FunctionError } = await invoke(name, {});
      expect(FunctionError).toBe('Unhandled');
      expect(body.errorMessage).toMatch(message);
    }
  });

  it('serves one invocation an environment, and others beside it', async () => {
    const sleeps = await Promise.all([1, 2, 3].map(() => invoke('Test-Probe', { do: 'sleep', ms: 300 })));
    expect(sleeps.map(({ FunctionError }) => FunctionError)).toEqual([undefined, undefined, undefined]);
  });

  it('is throttled where too many wait', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, () => invoke('Test-Single', { do: 'sleep', ms: 200 })),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.name] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused)).toEqual(new Set(['TooManyRequestsException']));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(4);
  });

  it('that is unknown is a typed error', async () => {
    await expect(invoke('Nobody', {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('refuses a payload that is no JSON', async () => {
    const bad = new InvokeCommand({ FunctionName: 'Test-Probe', Payload: '{"a":' });
    await expect(lambda.send(bad)).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  it('prints into its log file', async () => {
    await invoke('Test-Probe', { do: 'print', text: 'hello from inside' });
    const log = join(cloud.dir, 'logs', 'Test-Probe.log');
    await eventually(() => expect(readFileSync(log, 'utf8')).toContain('hello from inside'));
  });
});

describe('an event for a function', () => {
  it('is accepted at once, and tried again', async () => {
    const log = join(cloud.dir, 'logs', 'Test-Probe.log');
    const failures = () => readFileSync(log, 'utf8').split('ERROR RangeError: as asked').length - 1;
    const before = failures();
    const { StatusCode } = await invoke('Test-Probe', { do: 'throw' }, 'Event');
    expect(StatusCode).toBe(202);
    await until('nothing is left to do', () => cloud.events.open === 0);
    expect(failures() - before).toBe(2);
  });
});
