import { freePort, startTestTable } from '../../test/support/dynamodb.ts';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { startGateways } from '../support/gateways.ts';
import { runSipp } from '../support/sipp.ts';
import { startStack } from '../support/stack.ts';
import { accountRows } from './registers.ts';

const registering = 20;
const gateways = 100;
const callsPerSec = 20;
const calls = 400;

/**
 * What AWS would bill: requests of the edge and of the functions, for one digest REGISTER (ten of each gateway, the
 * first of them new), and for one call, at 20 a second, to a single-use gateway that un-REGISTERs and registers anew after it.
 */
export async function benchOperations() {
  const engine = await startTestTable();
  const table = await startCountingProxy(() => engine.endpoint);
  const aws = await startCountingProxy(() => `http://${awsAddress}`);
  const awsAddress = `127.0.0.1:${await freePort()}`;
  const stack = await startStack(['--aws', awsAddress, '--edge', `AWS_ENDPOINT_URL=${aws.url}`], {
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
  });
  try {
    const rows = accountRows(stack, registering);
    const register = { scenario: 'register', sip: stack.sip, rows, authUri: stack.domain, pauseMs: 200 };
    const reset = () => {
      for (const { counts } of [table, aws]) for (const name of Object.keys(counts)) delete counts[name];
    };
    const perOne = (count: number) =>
      Object.fromEntries(
        [...Object.entries(aws.counts), ...Object.entries(table.counts)].map(([name, times]) => [
          name,
          Math.round((times / count) * 100) / 100,
        ]),
      );
    reset();
    const registered = await runSipp({ ...register, perSec: 10, count: registering, timeoutSec: 60 });
    if (registered.failed > 0) throw new Error('REGISTERs failed');
    const perRegister = perOne(registering * 10);

    const pool = await startGateways(stack, gateways);
    try {
      reset();
      const load = { scenario: 'call', sip: stack.sip, rows: [[stack.domain]], pauseMs: 300 };
      const called = await runSipp({ ...load, perSec: callsPerSec, count: calls, timeoutSec: 120 });
      return { perRegister, perCall: perOne(calls), failedCalls: called.failed };
    } finally {
      await pool.stop();
    }
  } finally {
    await stack.stop();
    table.close();
    aws.close();
    await engine.stop();
  }
}
