import { reads } from '../../contracts/api/routes.ts';
import type { ApiClient } from './client.ts';
import { type Command, noWords, type Stream, windowOptions } from './commands.ts';
import { DayReport } from './report.ts';
import { showCalls } from './show/calls.ts';
import { showStatus } from './show/fleet.ts';
import { painter } from './show/paint.ts';
import { csvHeader, csvRow } from './show/records.ts';
import { showReport } from './show/report.ts';
import { clock } from './show/table.ts';

/* What `switchroom` makes of the records of calls, and of how it stands from one moment to the next. */

const dayMs = 24 * 3600 * 1000;
/** As often as an edge asks what to hang up: nothing shows sooner. */
const watchEveryMs = 2000;
/** So many calls fit on a screen with the rest. */
const watchedCalls = 12;
const clearScreen = '\u001b[H\u001b[J';

export const recordCommands: Readonly<Record<string, Command>> = {
  cdr: {
    says: 'the records of calls that are over, as --format csv or ndjson',
    options: [...windowOptions, 'format'],
    run: async (client, words, { json, format, filters: { from, to } }) => {
      noWords('cdr', words);
      return records(client, { from, to }, json ? 'ndjson' : format);
    },
  },
  report: {
    says: 'a day: peak, hours, waits, failures, top callers, cost',
    options: ['day', 'hour-price'],
    run: async (client, words, { day, hourPrice, colours }) => {
      noWords('report', words);
      const from = Date.parse(day);
      const to = new Date(from + dayMs - 1).toISOString();
      const report = new DayReport(from);
      for await (const page of client.all(reads.listRecords, { from: day, to })) {
        for (const record of page) report.add(record);
      }
      const sums = report.sums(hourPrice);
      return { json: sums, text: showReport(sums, painter(colours)) };
    },
  },
  watch: {
    says: 'how it stands and the calls in progress, until Ctrl-C',
    run: async (client, words, options) => {
      noWords('watch', words);
      return screens(client, options);
    },
  },
};

async function* records(
  client: ApiClient,
  window: { from: string | undefined; to: string | undefined },
  format: 'csv' | 'ndjson',
): Stream {
  if (format === 'csv') yield csvHeader;
  for await (const page of client.all(reads.listRecords, window)) {
    yield page.map((one) => (format === 'csv' ? csvRow(one) : `${JSON.stringify(one)}\n`)).join('');
  }
}

async function* screens(
  client: ApiClient,
  { json, colours, screen }: { json: boolean; colours: boolean; screen: boolean },
): Stream {
  const paint = painter(colours);
  const limit = String(watchedCalls);
  const calls = client.poll(reads.listLiveCalls, { query: { limit } }, 0);
  let shown = '';
  for await (const status of client.poll(reads.getStatus, {}, watchEveryMs)) {
    const { items, next } = (await calls.next()).value;
    const now = Date.now();
    const text = json
      ? JSON.stringify({ status, calls: items })
      : [
          `switchroom  ${clock(new Date(now).toISOString())} UTC`,
          '',
          showStatus(status, now, paint),
          '',
          items.length === 0 ? 'No call is in progress.' : showCalls(items, now, paint),
          ...(next === undefined ? [] : ['and more: switchroom calls']),
        ].join('\n');
    // A program is told what has changed; a screen also shows that time goes on.
    if (json && text === shown) continue;
    shown = text;
    yield `${screen && !json ? clearScreen : ''}${text}\n`;
  }
}
