import { until } from '../../test/support/until.ts';
import { type PoolRun, startPoolRun } from '../support/pool-run.ts';
import { summary } from '../support/stats.ts';

const startDelay = '10s';
const longestMs = 120_000;

interface ColdCall {
  /** From the INVITE to the first 180. */
  ringingMs: number;
  /** From the 200 to the gateway's REGISTER to the caller's 200. */
  registeredToAnsweredMs: number;
  /** From the INVITE to its 200: how long the caller waits. */
  answeredMs: number;
}

/**
 * One call to a pool without a gateway, whose start takes ten seconds: the first call of a run that has just come up,
 * and a second one, after the first has ended and its gateway is gone.
 */
export async function benchCold(runs = 3) {
  const calls: Record<'first' | 'second', ColdCall[]> = { first: [], second: [] };
  for (let i = 0; i < runs; i += 1) {
    const run = await startPoolRun('--min-free', '0', '--max', '20', '--start-delay', startDelay);
    try {
      calls.first.push(await coldCall(run));
      calls.second.push(await coldCall(run));
    } finally {
      await run.stop();
    }
  }
  const of = (list: readonly ColdCall[]) => ({
    ringing: summary(list.map(({ ringingMs }) => ringingMs)),
    registeredToAnswered: summary(list.map(({ registeredToAnsweredMs }) => registeredToAnsweredMs)),
    answered: summary(list.map(({ answeredMs }) => answeredMs)),
  });
  return { startDelay, first: of(calls.first), second: of(calls.second) };
}

/** @returns when the pool is empty again */
async function coldCall(run: PoolRun): Promise<ColdCall> {
  const caller = await run.caller();
  let ringingAt: number | undefined;
  const placedAt = Date.now();
  const call = caller.call({
    uri: `sip:1234@${run.stack.domain}`,
    from: '<sip:caller@endpoint.example>',
    media: 'tone',
    onProgress: ({ status }) => {
      if (status === 180) ringingAt ??= Date.now();
    },
  });
  const outcome = await call.result;
  const answeredAt = Date.now();
  if (outcome.result !== 'answered') throw new Error(`the call was ${outcome.result}`);
  const registered = await until('the gateway has registered', () =>
    run.events.find(({ event, at }) => event === 'gateway.registered' && at >= placedAt),
  );
  await outcome.session.hangUp();
  await until('no task is left', () => run.tasks() === 0, longestMs);
  return {
    ringingMs: (ringingAt ?? Number.NaN) - placedAt,
    registeredToAnsweredMs: answeredAt - registered.at,
    answeredMs: answeredAt - placedAt,
  };
}
