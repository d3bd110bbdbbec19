import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CallJournal } from '../../../sip-edge/call/journal.ts';

let stateDir: string;
const errors: unknown[] = [];
const log = { error: (...args: unknown[]) => void errors.push(args) };
const open = () => new CallJournal(stateDir, log);
const files = () => readdirSync(join(stateDir, 'calls')).map((name) => join(stateDir, 'calls', name));

const traceId = '1-67e00000-0123456789abcdef01234567';
const begun = { callId: 'call-1', txnId: 'txn-1', dialogId: 'dialog-1', traceId, receivedAt: 1 };
const offer = { txnId: 'txn-2', dialogId: 'dialog-2' };
const answered = {
  gateway: 'a.mediagw.1',
  callerDialogId: 'dialog-1',
  gatewayDialogId: 'dialog-2',
  answeredAt: 2,
};

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'edge-'));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true });
  expect(errors).toEqual([]);
});

it('shows whoever comes after how far each call had come, and nothing of what is over', () => {
  const journal = open();
  const note = journal.begin(begun);
  journal.begin({ ...begun, txnId: 'txn-3' }).over();
  expect(
    open()
      .left()
      .map(({ kept }) => kept),
  ).toEqual([{ ...begun, offers: [] }]);
  note.offered(offer);
  note.answered(answered);
  const [left] = open().left();
  expect(left?.kept).toEqual({ ...begun, offers: [offer], answered });
  left?.note.over();
  expect(files()).toEqual([]);
});

it('goes back to the last line that was written whole, and on from there', () => {
  open().begin(begun).offered(offer);
  const [file = ''] = files();
  appendFileSync(file, '\n{"callId":"call-1","txn');
  const [left] = open().left();
  expect(left?.kept).toEqual({ ...begun, offers: [offer] });
  left?.note.answered(answered);
  expect(open().left()[0]?.kept).toMatchObject({ answered });
});
