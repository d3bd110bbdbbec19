import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { de } from '../../console/words/de.ts';
import { fr } from '../../console/words/fr.ts';
import { hasTool } from '../support/process/tools.ts';
import { englishOn } from './english.ts';
import { act, ConsoleSuite, shoot } from './support.ts';

/* The console in a real browser, before a whole run. SCREENSHOTS=docs keeps what it looked like. */

const suite = new ConsoleSuite();

/** What somebody wrote is text, whatever is in it. */
const hostile = '<b>empty</b><img src=x onerror="document.title=1">';

describe.skipIf(!hasTool('chromium'))('the console', () => {
  beforeAll(() =>
    suite.start('--min-free', '2', '--max', '6', '--gateway-kind', 'node', '--after-call', 'reuse'),
  );
  afterAll(() => suite.stop());

  it('takes the token out of the address, and shows calls as they come, go, and are hung up', async () => {
    const { page, complaints } = await suite.open({ viewport: { width: 1280, height: 800 } });
    expect(page.url()).not.toContain('token');
    await page.getByText('No calls yet').waitFor();
    suite.call('1234', '"Alice" <sip:alice@example.org>');
    suite.call('5678', '"Bob" <sip:bob@example.org>');
    const row = page.getByRole('row').filter({ hasText: '1234' });
    await row.filter({ hasText: 'answered' }).waitFor();
    await page.getByRole('row').filter({ hasText: '5678' }).filter({ hasText: 'answered' }).waitFor();
    const tile = page.locator('section').filter({ hasText: 'Now' });
    await tile.getByText('2', { exact: true }).waitFor();
    await shoot(page, 'overview');
    await row.getByRole('link').click();
    await page.getByRole('img', { name: 'caller to edge: INVITE' }).waitFor();
    await shoot(page, 'call');
    await act(page, 'Hang up', hostile);
    for (const message of ['edge to caller: BYE', 'edge to gateway: BYE', 'caller to edge: ACK'])
      await page.getByRole('img', { name: message, exact: true }).waitFor();
    await shoot(page, 'ladder');
    await page.getByRole('link', { name: 'Calls', exact: true }).click();
    const over = page.getByRole('region', { name: 'Over' });
    await over.getByText('answered').waitFor();
    await suite.reportMedia();
    await over.getByRole('link').first().click();
    const sent = page
      .getByRole('region', { name: 'Media' })
      .getByRole('row', { name: 'audio to the caller' });
    await sent.waitFor();
    expect(await sent.getByRole('cell').allTextContents()).toEqual([
      'audio to the caller',
      '2.7%',
      '1.8 ms',
      '1,200',
      '64 kb/s',
    ]);
    await shoot(page, 'media');
    expect(complaints).toEqual([]);
  });

  it('drains a gateway and pauses the pool, and tells who did so and why', async () => {
    const { page, complaints } = await suite.open();
    await page.getByRole('link', { name: 'Gateways', exact: true }).click();
    await page.getByRole('combobox').selectOption('free');
    await page.getByRole('row').filter({ hasText: 'free' }).first().waitFor();
    await shoot(page, 'gateways');
    await act(page, 'Drain', 'no sound');
    await suite.run.event('task.stopped');
    await page.getByRole('link', { name: 'Pool', exact: true }).click();
    await act(page, 'Pause', 'the image is broken');
    await page.getByText('the image is broken (npm start)').waitFor();
    await shoot(page, 'pool');
    await act(page, 'Resume', 'mended');
    await page.getByText('The policy decides.').waitFor();
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    const audit = page.getByRole('region', { name: 'Audit' });
    for (const why of ['mended', 'the image is broken', 'no sound', hostile]) {
      await audit.getByText(why).waitFor();
    }
    expect(await audit.locator('b, img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('plots the day by the minute: calls, gateways by state, waits', async () => {
    const today = () => new Date().toISOString().slice(0, 10);
    let day: string;
    // At midnight the minute would be of the day before.
    do {
      day = today();
      await suite.tick();
    } while (today() !== day);
    const { page, complaints } = await suite.open({ viewport: { width: 1280, height: 900 } });
    await page.getByRole('link', { name: 'Day', exact: true }).click();
    await page.getByLabel('Day (UTC)').fill(day);
    await page
      .getByRole('img', {
        name: /^Gateways: busy \d+, locked \d+, free [1-9]\d*, starting \d+, held \d+, draining \d+, wanted in all [2-9]/,
      })
      .waitFor();
    expect(await page.locator('figure canvas').count()).toBeGreaterThanOrEqual(3);
    await shoot(page, 'day');
    await page.getByLabel('Day (UTC)').fill('2020-01-01');
    await page.getByText('Nothing is known of this day.').waitFor();
    expect(page.url()).toContain('#/day?day=2020-01-01');
    expect(complaints).toEqual([]);
  });

  it('draws what the policy expected beside what came: dashed, and over all that is stacked', async () => {
    const dayMs = 24 * 3_600_000;
    const fromMs = Math.floor(Date.now() / dayMs) * dayMs - dayMs;
    const rush = (minute: number) => Math.round(20 + 18 * Math.sin(minute / 15));
    const samples = Array.from({ length: 120 }, (_, minute) => ({
      ...{
        free: 6,
        locked: 2,
        busy: 10 + rush(minute),
        draining: 3,
        held: 5,
        starting: 1,
        waiting: minute === 60 ? 4 : 0,
      },
      ...{ calls: rush(minute), failed: new Map<string, number>() },
      // The minutes of the first half are as they were kept before anybody asked what was expected.
      ...(minute >= 60 && { wanted: 9, foreseen: rush(minute - 3) + 0.5 }),
    }));
    await suite.keep(fromMs, samples);
    const { page, complaints } = await suite.open({ viewport: { width: 1280, height: 900 } });
    const day = new Date(fromMs).toISOString().slice(0, 10);
    await page.evaluate(`location.hash = '#/day?day=${day}'`);
    const busy = samples.map((one) => one.busy);
    const wanted = Math.max(...busy.slice(61).map((one) => one + 2 + 9), (busy[60] as number) + 2 + 9 + 4);
    await page
      .getByRole('img', {
        name: `busy ${Math.max(...busy)}, locked 2, free 6, starting 1, held 5, draining 3, wanted in all ${wanted}`,
      })
      .waitFor();
    await page.getByRole('img', { name: 'came in a minute 38, foreseen for the minute 38.5' }).waitFor();
    // Of both plots the legend tells the expected line by more than its colour.
    for (const [label, style] of [
      ['came in a minute', 'solid'],
      ['foreseen for the minute', 'dashed'],
      ['starting', 'solid'],
      ['wanted in all', 'dashed'],
    ] as const) {
      const marker = page.locator('.u-legend tr').filter({ hasText: label }).locator('.u-marker');
      expect(await marker.getAttribute('style'), label).toContain(style);
    }
    await shoot(page, 'expected');
    expect(complaints).toEqual([]);
  });

  const languages = [
    ['de-DE', de, /^\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d$/],
    ['fr-FR', fr, /^\d{1,2} \p{L}+\.? \d{4}, \d\d:\d\d:\d\d$/u],
  ] as const;
  it.each(languages)('speaks %s where the browser does, and fits a phone', async (locale, words, time) => {
    const { page, complaints } = await suite.open({
      locale,
      colorScheme: 'dark',
      viewport: { width: 360, height: 640 },
    });
    const language = locale.slice(0, 2);
    expect(await page.locator('html').getAttribute('lang')).toBe(language);
    const expectWell = async (name: string) => {
      expect(await englishOn(page, words), name).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(360);
      // A column that holds a letter a line fits as well, and nobody reads it.
      const heads = page.getByRole('columnheader').filter({ hasText: /./ });
      for (const head of await heads.all()) expect((await head.boundingBox())?.height, name).toBeLessThan(40);
      await shoot(page, `${language}-${name}`);
    };
    await page.getByRole('heading', { name: words.lastHour }).waitFor();
    await page.getByRole('cell', { name: words.callStates.answered }).first().waitFor();
    await expectWell('overview');
    await page.getByRole('link', { name: words.calls, exact: true }).click();
    const over = page.getByRole('region', { name: words.past });
    await over.getByRole('cell', { name: words.outcomes.answered }).first().waitFor();
    await over
      .getByRole('cell')
      .getByText(time)
      .or(over.getByRole('cell', { name: time }))
      .first()
      .waitFor();
    await expectWell('calls');
    await over.getByRole('link').first().click();
    await page
      .getByRole('img', { name: words.arrow(...(words.lanes.slice(0, 2) as [string, string]), 'INVITE') })
      .waitFor();
    await page.getByText(words.endedBy.operator).waitFor();
    await expectWell('call');
    await page.getByRole('link', { name: words.gateways, exact: true }).click();
    await page.getByRole('button', { name: words.drain, exact: true }).first().click();
    await page.getByRole('dialog').getByText(words.effects.drain).waitFor();
    await expectWell('drain');
    await page.getByRole('button', { name: words.cancel }).click();
    await expectWell('gateways');
    await page.getByRole('link', { name: words.day, exact: true }).click();
    await page.getByRole('img', { name: words.states.busy }).waitFor();
    await expectWell('day');
    await page.getByRole('link', { name: words.pool, exact: true }).click();
    await page.getByText(words.policy).waitFor();
    await page.locator('.decisions li').first().waitFor();
    await expectWell('pool');
    await page.getByRole('link', { name: words.audit, exact: true }).click();
    await page.getByRole('cell', { name: words.actions['drain-gateway'] }).first().waitFor();
    await expectWell('audit');
    expect(complaints).toEqual([]);
    await page.route('**/v1/**', (route) => route.abort());
    await page.getByRole('alert').getByText(words.unreachable).waitFor();
    expect(await englishOn(page, words)).toEqual([]);
  });

  it('takes the first language of the browser that it has words for, and English where there is none', async () => {
    for (const [wanted, language] of [
      [['it-IT', 'fr-CH', 'de'], 'fr'],
      [['ja', 'constructor'], 'en'],
    ] as const) {
      const { page } = await suite.open();
      await page.addInitScript(
        `Object.defineProperty(navigator, 'languages', { value: ${JSON.stringify(wanted)} })`,
      );
      await page.reload();
      await page.getByRole('navigation').waitFor();
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
    }
  });

  it('shows nothing without a token, and says so of a wrong one', async () => {
    const page = await (await suite.browser.newContext({ locale: 'en-GB' })).newPage();
    await page.goto(suite.address.replace(/#.*/, ''));
    await page.getByLabel('Token').fill('x.y.z');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
  });

  it('is served with a policy that lets no other script, address or frame near it', async () => {
    const { headers } = await fetch(suite.address.replace(/#.*/, ''));
    const policy = headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    for (const path of ['console/../index.mjs', 'console/index.mjs', 'console/index.html', 'index.mjs']) {
      const answer = await fetch(suite.address.replace(/#.*/, '') + path);
      expect(answer.status, path).not.toBe(200);
    }
  });
});
