import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CDPSession, Page } from 'playwright-core';
import { serveConsole } from '../../lambdas/functions/api/console.ts';
import { buildConsole } from '../../scripts/build.ts';
import { launchChromium } from '../../test/console/support.ts';
import { apiOver, openFullTable } from '../support/full-api.ts';
import { summary } from '../support/stats.ts';

/* The console in a real Chromium, before an API with 100,000 past calls and 5,000 gateways. */

const pollsMs = 10_000;
const scrolls = 60;
const scrollEveryMs = 50;
/** Pages of 100 past calls that are asked for: a thousand rows. */
const morePages = 9;
/** A frame that somebody sees to be late: three of sixty a second. */
const lateFrameMs = 50;
const patienceMs = 60_000;

/** Keeps, in the page, the long tasks (W3C Long Tasks: 50 ms or more) and how far apart frames are. */
const watcher = `
  globalThis.seen = { longTasks: [], frames: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasks.push(duration);
  }).observe({ type: 'longtask' });
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

/**
 * What the page does while it is opened, polled, scrolled, sorted and filtered: long tasks, frames, its main thread's time,
 * and what it holds. API, table and browser share the machine.
 */
export async function benchConsole() {
  const { engine, size } = await openFullTable();
  const files = mkdtempSync(join(tmpdir(), 'switchroom-console-'));
  await buildConsole(files);
  const app = apiOver(engine.client, engine.tableName, Date.now);
  serveConsole(app, pathToFileURL(`${files}/`));
  const server = await listening(app);
  const browser = await launchChromium();
  try {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    await page.addInitScript(watcher);
    const watch = await Watch.over(page);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await watch.during('overview: open', async () => {
      await page.goto(`${address}/#token=x.y.z`);
      await table(page, 'In progress', 200).waitFor();
    });
    await used(page, watch, 'overview');
    await watch.during('gateways: open', () => go(page, 'Gateways', 'Gateways'));
    await used(page, watch, 'gateways');
    await watch.during('gateways: sort ten times', () =>
      sort(page, 'Gateways', ['Gateway', 'State', 'Since', 'Edge', 'Call']),
    );
    await watch.during('gateways: filter four times', async () => {
      for (const state of ['busy', 'free', 'busy', '']) {
        const answer = page.waitForResponse((one) =>
          one.url().endsWith(state === '' ? 'limit=200&' : `state=${state}`),
        );
        await page.getByRole('combobox').selectOption(state);
        await answer;
      }
    });
    await watch.during('calls: open', () => go(page, 'Calls', 'In progress'));
    await watch.during('calls: a thousand past ones', async () => {
      for (let pages = 2; pages <= morePages + 1; pages += 1) {
        await page.getByRole('button', { name: 'More' }).click();
        await table(page, 'Over', pages * 100).waitFor();
      }
    });
    await used(page, watch, 'calls, 1,200 rows');
    await watch.during('calls, 1,200 rows: sort ten times', () =>
      sort(page, 'Over', ['Room', 'Caller', 'State', 'Began (UTC)', 'Lasted']),
    );
    await watch.during('day: open', async () => {
      await page.getByRole('link', { name: 'Day', exact: true }).click();
      await page.locator('figure canvas').first().waitFor();
    });
    return { ...size, steps: watch.steps };
  } finally {
    await browser.close();
    server.close();
    await engine.stop();
    rmSync(files, { recursive: true });
  }
}

/** A table of so many rows. */
const table = (page: Page, region: string, rows: number) =>
  page.getByRole('region', { name: region, exact: true }).locator(`table[aria-rowcount="${rows + 1}"]`);

async function go(page: Page, view: string, region: string): Promise<void> {
  await page.getByRole('link', { name: view, exact: true }).click();
  await table(page, region, 200).waitFor();
}

/** Lets polls come, and scrolls down and up. */
async function used(page: Page, watch: Watch, view: string): Promise<void> {
  await watch.during(`${view}: polls for 10 s`, () => page.waitForTimeout(pollsMs));
  await page.mouse.move(640, 400);
  await watch.during(`${view}: scroll`, async () => {
    for (let n = 0; n < scrolls; n += 1) {
      await page.mouse.wheel(0, n < scrolls / 2 ? 400 : -400);
      await page.waitForTimeout(scrollEveryMs);
    }
  });
}

async function sort(page: Page, region: string, heads: readonly string[]): Promise<void> {
  const all = page.getByRole('region', { name: region, exact: true });
  for (const head of heads) {
    const one = all.getByRole('columnheader', { name: head, exact: true });
    for (const way of ['ascending', 'descending']) {
      await one.getByRole('button').click();
      await all.locator(`th[aria-sort=${way}]`, { hasText: head }).waitFor();
    }
  }
}

interface Seen {
  longTasks: number[];
  frames: number[];
}

/** What one page does. */
class Watch {
  readonly steps: object[] = [];
  readonly #page: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
  }

  static async over(page: Page): Promise<Watch> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    return new Watch(page, session);
  }

  async during(step: string, work: () => Promise<unknown>): Promise<void> {
    await this.#page.evaluate('globalThis.seen && Object.assign(seen, { longTasks: [], frames: [] })');
    const before = await this.#metrics();
    const startedAt = performance.now();
    await work();
    const seconds = (performance.now() - startedAt) / 1000;
    const after = await this.#metrics();
    const { longTasks, frames } = (await this.#page.evaluate('seen')) as Seen;
    const spentMs = (name: string) => Math.round(((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1000);
    const { count, p50Ms, p99Ms, maxMs } = summary(frames, 0);
    this.steps.push({
      step,
      seconds: Number(seconds.toFixed(1)),
      longTasks: longTasks.length,
      longestTaskMs: Math.round(Math.max(0, ...longTasks)),
      frames: count,
      frameP50Ms: p50Ms,
      frameP99Ms: p99Ms,
      frameMaxMs: maxMs,
      lateFrames: frames.filter((ms) => ms > lateFrameMs).length,
      mainThreadMs: spentMs('TaskDuration'),
      scriptMs: spentMs('ScriptDuration'),
      layoutMs: spentMs('LayoutDuration') + spentMs('RecalcStyleDuration'),
      nodes: after.get('Nodes'),
      heapMb: Number(((after.get('JSHeapUsedSize') ?? 0) / 1e6).toFixed(1)),
    });
  }

  async #metrics(): Promise<ReadonlyMap<string, number>> {
    const { metrics } = await this.#session.send('Performance.getMetrics');
    return new Map(metrics.map(({ name, value }) => [name, value]));
  }
}

/** What API Gateway says of who asks, to all that comes: an operator. */
const event = {
  requestContext: { authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/alice' } } },
};

function listening(app: ReturnType<typeof apiOver>): Promise<Server> {
  const server = createServer(async ({ url = '/', headers }, answer) => {
    const { 'if-none-match': seen } = headers;
    const request = new Request(
      `http://x${url}`,
      seen === undefined ? {} : { headers: { 'if-none-match': seen } },
    );
    const { status, headers: given, body } = await app.fetch(request, { event });
    answer.writeHead(status, Object.fromEntries(given));
    answer.end(body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer()));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
