import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { PacedWrites } from '../../../sip-edge/drachtio/paced-writes.ts';

/* drachtio's side as client.cpp has it: a ring of 12,228 bytes, to which up to 8192 that have come are added at once. */

async function connected(): Promise<{ here: Socket; there: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const here = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [there] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    for (const socket of [here, there]) socket.destroy();
    server.close();
  });
  return { here, there };
}

it('never gives drachtio more than it can keep, however much there is to say, and keeps the order', async () => {
  const { here, there } = await connected();
  const way = new PacedWrites(here);
  const sizes = Array.from({ length: 400 }, (_, at) => 200 + ((at * at * 331) % 12_000));
  for (const [id, size] of sizes.entries())
    way.write(`${id}`, Buffer.alloc(size, `${size}#${id}|`.padEnd(size, '.')));

  const taken: string[] = [];
  let ring = Buffer.alloc(0);
  let most = 0;
  while (taken.length < sizes.length) {
    const came: Buffer | null = there.read(Math.min(8192, there.readableLength));
    // It is slow: as much comes meanwhile as there is.
    for (let turns = 0; turns < 3; turns++) await turn();
    if (came === null) continue;
    ring = Buffer.concat([ring, came]);
    most = Math.max(most, ring.length);
    for (;;) {
      const [length, id] = /^(\d+)#(\d+)\|/.exec(ring.toString('latin1', 0, 20))?.slice(1) ?? [];
      if (length === undefined || id === undefined || ring.length < Number(length)) break;
      ring = ring.subarray(Number(length));
      taken.push(id);
      way.answered(id);
    }
  }
  expect(most).toBeLessThanOrEqual(12_228);
  expect(taken).toEqual(sizes.map((_, at) => `${at}`));
});

it('refuses what drachtio could never take, and goes on where it is not answered', async () => {
  const { here, there } = await connected();
  const way = new PacedWrites(here);
  expect(way.write('0', Buffer.alloc(12_229, '.'))).toBe(false);
  expect(way.write('1', Buffer.alloc(12_228, 'a'))).toBe(true);
  expect(way.write('2', Buffer.from('b'))).toBe(true);
  let came = '';
  for await (const chunk of there) {
    came += chunk;
    if (came.endsWith('b')) break;
  }
  expect(came).toHaveLength(12_229);
});
