import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Secrets } from '../../../local/aws/secrets.ts';
import { MessageFile } from '../../../local/aws/sqs/message-file.ts';
import { RunChild } from '../../../local/run/processes/child-process.ts';
import { startTableEngine } from '../../../local/run/table-engine.ts';
import { unwritable } from '../../../local/run/unwritable.ts';

/* What a full disk and damaged files under --data do: a sentence with the file and what to do, and the rest goes on. */

const ignore = () => {};

function directory(...inside: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'switchroom-disk-'));
  for (const name of inside) mkdirSync(join(dir, name));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

it('a process goes on when its log cannot be written, which is told once', async () => {
  const dir = directory('logs');
  symlinkSync('/dev/full', join(dir, 'logs', 'chatty.log'));
  const said: string[] = [];
  const lines: string[] = [];
  const child = new RunChild({
    name: 'chatty',
    file: process.execPath,
    // More than a pipe holds: it would hang where nobody read it any more.
    args: ['-e', 'for (let i = 0; i < 5000; i++) console.log("x".repeat(100))'],
    environment: {},
    dir,
    log: 'chatty.log',
    onLine: (line) => lines.push(line),
    onGroup: ignore,
    onUnwritable: unwritable((_event, text) => said.push(text)),
  });
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(lines).toHaveLength(5000);
  expect(said).toEqual([
    expect.stringMatching(/logs\/chatty\.log cannot be written \(its disk is full: make room/),
  ]);
});

it('a queue has all of its file that can be read, and the rest is put aside', () => {
  const path = join(directory(), 'queue.jsonl');
  const message = (id: string) => ({ id, sentAt: 1, body: '{}', attributes: { a: 'b' } });
  const { file } = MessageFile.open(path, ignore);
  for (const id of ['one', 'two', 'three']) file.sent(message(id));
  file.deleted('two', false);
  file.close();
  appendFileSync(path, 'null\n{"id":1}\ngarbage\n{"done":"three"}\n{"id":"cut off by a ki');
  const again = MessageFile.open(path, ignore);
  again.file.close();
  expect(again).toMatchObject({ messages: [message('one')], damaged: 3 });
  expect(readFileSync(`${path}.damaged`, 'utf8')).toBe('null\n{"id":1}\ngarbage\n');
  const once = MessageFile.open(path, ignore);
  once.file.close();
  expect(once).toMatchObject({ messages: [message('one')], damaged: 0 });
});

it('damaged secrets are not made anew without a word', () => {
  const file = join(directory(), 'secrets.json');
  writeFileSync(file, '{"arn": ');
  expect(() => new Secrets({ file })).toThrow(`${file} is damaged: put it back from a copy, or remove it`);
  expect(() => new Secrets({ file, generated: 'given' })).not.toThrow();
});

it('a damaged table is named, with what to do', async () => {
  const dir = directory('logs', 'table');
  const file = join(dir, 'table', 'table.sqlite');
  writeFileSync(file, 'garbage');
  const supervision = {
    signal: new AbortController().signal,
    onGroup: ignore,
    onDeath: ignore,
    onRestart: ignore,
    onUnwritable: ignore,
  };
  await expect(startTableEngine({ dir, keep: true, supervision })).rejects.toThrow(
    `if its file ${file} is damaged, put it back from a copy, or move it away`,
  );
});
