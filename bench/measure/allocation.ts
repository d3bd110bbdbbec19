import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { AllocateAnswer, AllocateGateway, RegisterGateway } from '../../contracts/commands.ts';
import { edgeEventSource, type Fact, factVersion } from '../../contracts/facts.ts';
import { startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

const sizes = [10, 1000, 10_000];
const samples = 500;
const received = { address: '192.0.2.1', port: 5060, protocol: 'tcp' } as const;

/** The time of one `allocateGateway`, from Invoke to its answer, by the number of registered gateways. */
export async function benchAllocation() {
  const stack = await startStack();
  const lambda = new LambdaClient({
    endpoint: stack.awsEndpoint,
    region: 'us-east-1',
    credentials: stack.credentials,
  });
  const invoke = async (name: string, payload: object): Promise<unknown> => {
    const answer = await lambda.send(
      new InvokeCommand({ FunctionName: `Switchroom-${name}`, Payload: JSON.stringify(payload) }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError) throw new Error(`${name}: ${text}`);
    return JSON.parse(text);
  };
  try {
    const steps: { registered: number; p50Ms: number; p99Ms: number }[] = [];
    let registered = 0;
    for (const size of sizes) {
      await inParallel(16, size - registered, (i) => invoke('register', registration(registered + i)));
      registered = size;
      const samplesMs: number[] = [];
      for (let i = 0; i < samples; i++) {
        const callId = `bench-${size}-${i}`;
        const startedAt = performance.now();
        const answer = (await invoke('allocate', allocation(callId))) as AllocateAnswer;
        samplesMs.push(performance.now() - startedAt);
        if (answer.result !== 'granted') throw new Error(`no gateway given: ${JSON.stringify(answer)}`);
        await invoke('calls', cancelled(callId, answer.username));
      }
      // The first ones pay for cold functions.
      steps.push({ registered, ...summary(samplesMs.slice(50)) });
    }
    const [smallest] = steps;
    const largest = steps.at(-1);
    const ratio = (largest?.p50Ms ?? 0) / (smallest?.p50Ms ?? 1);
    return { steps, largestToSmallestP50: Math.round(ratio * 100) / 100 };
  } finally {
    lambda.destroy();
    await stack.stop();
  }
}

async function inParallel(
  width: number,
  count: number,
  work: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function registration(i: number): RegisterGateway {
  const username = `bench-${i}.mediagw.1`;
  return {
    command: 'registerGateway',
    username,
    registrationId: `registration-${i}`,
    cseq: 1,
    contacts: [{ uri: `sip:${username}@192.0.2.1:5060;transport=tcp`, expiresSec: 3600 }],
    received,
    edgeId: 'bench',
  };
}

function allocation(callId: string): AllocateGateway {
  const caller = { uri: 'sip:bench@192.0.2.2', received };
  return {
    command: 'allocateGateway',
    callId,
    edgeId: 'bench',
    room: '1234',
    caller,
    attempt: 1,
    failed: [],
  };
}

/** The event by which EventBridge tells `calls` that the caller gave up: the gateway is free again. */
function cancelled(callId: string, gateway: string): object {
  const detail: Fact = {
    version: factVersion,
    id: crypto.randomUUID(),
    type: 'call.cancelled',
    at: Date.now(),
    edgeId: 'bench',
    callId,
    gateway,
    gatewayAnswered: false,
  };
  return { version: '0', id: detail.id, source: edgeEventSource, 'detail-type': detail.type, detail };
}
