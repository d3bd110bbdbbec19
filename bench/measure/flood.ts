import { createSocket, type Socket } from 'node:dgram';
import { startGateways } from '../support/gateways.ts';
import { cpuMs, memoryMb } from '../support/processes.ts';
import { runSipp } from '../support/sipp.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

const floodPerSec = 5000;
const sources = [1, 200];
const gateways = 20;
const windowSec = 10;
const batchMs = 10;

/** As the edge has them where nothing is set (sip-edge/settings.ts); other benches load from one address. */
const limits = ['--edge', 'ADDRESS_RATE_PER_SEC=50', '--edge', 'ADDRESS_BURST=200'];

/**
 * 5,000 OPTIONS a second by UDP, from one address and from 200, beside a good call each second: whether the calls are
 * answered, and what is kept of the flood.
 * @param seconds how long each flood lasts
 */
export async function benchFlood(seconds: number) {
  const floods = [];
  for (const count of sources) floods.push(await flood(count, seconds));
  return { floodPerSec, floods };
}

async function flood(count: number, seconds: number) {
  const stack = await startStack(limits);
  try {
    const pool = await startGateways(stack, gateways);
    try {
      const windows = [await window(stack, 'before')];
      const sent = await whileFlooding(stack, count, async () => {
        for (let left = seconds; left > 0; left -= windowSec) windows.push(await window(stack, 'flood'));
      });
      // What is kept of a transaction is over after 32 s (RFC 3261 17.2.2, timer J).
      for (let left = 40; left > 0; left -= windowSec) windows.push(await window(stack, 'after'));
      return { sources: count, sent, lost: gateways - pool.live(), windows };
    } finally {
      await pool.stop();
    }
  } finally {
    await stack.stop();
  }
}

async function window(stack: Stack, part: 'before' | 'flood' | 'after') {
  const { sip, domain, pid } = stack;
  const cpuBefore = cpuMs(pid);
  const { ok, failed, unexpected, samplesMs } = await runSipp({
    ...{ scenario: 'call', sip, rows: [[domain]], pauseMs: 500 },
    ...{ perSec: 1, count: windowSec, timeoutSec: windowSec + 60 },
  });
  const cpuSec = Object.entries(cpuMs(pid)).map(([name, ms]) => [
    name,
    Math.round((ms - (cpuBefore[name] ?? 0)) / 100) / 10,
  ]);
  return {
    ...{ part, ok, failed, unexpected, setup: summary(samplesMs) },
    ...{ cpuSec: Object.fromEntries(cpuSec), memoryMb: memoryMb(pid) },
  };
}

/** Sends from 127.0.1.1 on, until it is done. @returns how many packets were sent */
async function whileFlooding(
  { sip, domain }: Stack,
  count: number,
  run: () => Promise<void>,
): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: count }, (_, n) => boundTo(`127.0.1.${n + 1}`)));
  const startedAt = Date.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((Date.now() - startedAt) / 1000) * floodPerSec);
    // What a busy machine could not send in time is left out, and not sent at once later.
    const end = Math.min(due, sent + (2 * floodPerSec * batchMs) / 1000);
    for (; sent < end; sent += 1) {
      const { socket, host, port } = sockets[sent % count] as Source;
      socket.send(options(domain, `${host}:${port}`, sent), sip.port, sip.host);
    }
  }, batchMs);
  try {
    await run();
    return sent;
  } finally {
    clearInterval(timer);
    for (const { socket } of sockets) socket.close();
  }
}

interface Source {
  socket: Socket;
  host: string;
  port: number;
}

function boundTo(host: string): Promise<Source> {
  const socket = createSocket('udp4');
  socket.on('message', () => {});
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, () => resolve({ socket, host, port: socket.address().port }));
  });
}

const options = (domain: string, from: string, n: number) =>
  [
    `OPTIONS sip:${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};branch=z9hG4bKflood${n}`,
    `From: <sip:flood@${from}>;tag=${n}`,
    `To: <sip:${domain}>`,
    `Call-ID: flood-${n}@${from}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
