import { startGateways } from '../support/gateways.ts';
import { cpuMs } from '../support/processes.ts';
import { runSipp } from '../support/sipp.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { accountRows } from './registers.ts';

/** Each version is measured so often, in turn: what else the machine does is then shared among them. */
const rounds = 3;
const callsPerSec = 20;
const gateways = 100;
const registersPerSec = 200;
/** How often each gateway registers (bench/support/sipp/register.xml). */
const registersPerGateway = 10;
const seconds = 20;

type Cpu = Record<string, number>;

/**
 * CPU of all processes of a run, for a call at 20 a second with all that its gateway does (leave, come back), and for a
 * digest REGISTER with its 401 at 200 a second. SIPp and the gateways are not among them.
 * @param beside directory of a checkout of another commit, with its packages installed, measured in turn with this one
 */
export async function benchCpu(beside: string | undefined) {
  const directories = beside === undefined ? [undefined] : [undefined, beside];
  const measured: { version: string; msPerCall: Cpu; msPerRegister: Cpu }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const directory of directories) {
      const version = directory === undefined ? 'this' : 'beside';
      measured.push({ version, ...(await measure(directory)) });
    }
  }
  return measured;
}

async function measure(directory: string | undefined) {
  const stack = await startStack([], {}, undefined, directory);
  try {
    const msPerRegister = await ofRegisters(stack);
    return { msPerCall: await ofCalls(stack), msPerRegister };
  } finally {
    await stack.stop();
  }
}

async function ofCalls(stack: Stack): Promise<Cpu> {
  const pool = await startGateways(stack, gateways);
  try {
    const load = {
      scenario: 'call',
      sip: stack.sip,
      rows: [[stack.domain]],
      pauseMs: 500,
      perSec: callsPerSec,
    };
    await runSipp({ ...load, count: 200, timeoutSec: 60 });
    const count = callsPerSec * seconds;
    const before = cpuMs(stack.pid);
    const { ok } = await runSipp({ ...load, count, timeoutSec: seconds + 60 });
    return { ok: ok / count, ...perOne(before, cpuMs(stack.pid), count) };
  } finally {
    await pool.stop();
  }
}

async function ofRegisters(stack: Stack): Promise<Cpu> {
  const rows = accountRows(stack, 100_000);
  const load = { scenario: 'register', sip: stack.sip, rows, authUri: stack.domain, pauseMs: 1000 };
  await runSipp({ ...load, perSec: 10, count: 50, timeoutSec: 90 });
  const perSec = registersPerSec / registersPerGateway;
  const count = perSec * seconds;
  const before = cpuMs(stack.pid);
  const { ok } = await runSipp({ ...load, perSec, count, timeoutSec: seconds + 60 });
  return { ok: ok / count, ...perOne(before, cpuMs(stack.pid), count * registersPerGateway) };
}

function perOne(before: Cpu, after: Cpu, count: number): Cpu {
  const parts = Object.entries(after).map(
    ([name, ms]) => [name, Math.round(((ms - (before[name] ?? 0)) / count) * 100) / 100] as const,
  );
  const all = parts.reduce((sum, [, ms]) => sum + ms, 0);
  return { ...Object.fromEntries(parts), all: Math.round(all * 100) / 100 };
}
