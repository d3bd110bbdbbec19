import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

/* The server as a process of its own. */

const main = resolve(import.meta.dirname, '../../../local/sip-server/main.ts');
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(options: readonly string[], environment: Record<string, string> = {}) {
  const { DRACHTIO_SECRET: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [main, ...options], { env: { ...inherited, ...environment } });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (bytes) => {
    said.out += bytes;
  });
  child.stderr.on('data', (bytes) => {
    said.err += bytes;
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.once('close', (code, signal) => done({ code, signal })),
  );
  const firstLine = new Promise<string>((done) => {
    child.stdout.on('data', () => said.out.includes('\n') && done(said.out.split('\n', 1)[0] as string));
  });
  return { child, said, ended, firstLine };
}

const freePorts = ['--admin', '127.0.0.1:0', '--sip', '127.0.0.1:0'];

describe('the embedded SIP server', () => {
  it('says in one line of JSON where it listens, and ends at SIGTERM', async () => {
    const { child, firstLine, ended } = start(freePorts, { DRACHTIO_SECRET: 'x' });
    const address = expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(JSON.parse(await firstLine)).toEqual({ event: 'listening', admin: address, sip: address });
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it.each(['--admin', '--sip'])(
    'ends with one line that names the port where that of %s is taken',
    async (option) => {
      const taken = createServer();
      await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
      const { port } = taken.address() as { port: number };
      const { said, ended } = start([...freePorts, '--secret', 'x', option, `127.0.0.1:${port}`]);
      expect((await ended).code).toBe(1);
      expect(said.err).toMatch(new RegExp(`^address 127\\.0\\.0\\.1:${port} is taken: .*\\n$`));
      expect(said.out).toBe('');
      await new Promise((done) => taken.close(done));
    },
  );

  it.each([
    [[], 'no secret'],
    [['--secret', 'x', '--sip', 'localhost:5060'], '--sip localhost:5060'],
    [['--secret', 'x', '--admin', '127.0.0.1'], '--admin 127.0.0.1'],
    [['--secret', 'x', '--external-ip', 'host.test'], '--external-ip host.test'],
    [['--secrets', 'x'], "'--secrets'"],
  ])('ends with what is wrong in %j', async (options, what) => {
    const { said, ended } = start([...freePorts, ...options]);
    expect((await ended).code).toBe(1);
    expect(said.err).toContain(what);
  });
});
