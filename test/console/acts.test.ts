import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { de } from '../../console/words/de.ts';
import { fr } from '../../console/words/fr.ts';
import { hasTool } from '../support/process/tools.ts';
import { englishOn } from './english.ts';
import { act, ConsoleSuite, shoot } from './support.ts';

/* What operators do by the console to gateways and edges, in a real browser. */

const suite = new ConsoleSuite();
const reason = 'no sound';

/** What another operator does meanwhile. */
async function meanwhile(path: string): Promise<void> {
  const [address, token] = suite.address.split('/#token=');
  const answer = await fetch(`${address}/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason }),
  });
  expect(answer.status).toBe(200);
}

describe.skipIf(!hasTool('chromium'))('by the console an operator', () => {
  beforeAll(() =>
    suite.start('--min-free', '2', '--max', '6', '--gateway-kind', 'node', '--after-call', 'reuse'),
  );
  afterAll(() => suite.stop());

  it('holds a gateway and releases it, by the keyboard alone', async () => {
    const { page, complaints } = await suite.open();
    await page.getByRole('link', { name: 'Gateways', exact: true }).click();
    const free = page.getByRole('row').filter({ hasText: 'free' });
    const name = (await free
      .first()
      .getByTitle(/mediagw/)
      .getAttribute('title')) as string;
    const row = page.getByRole('row').filter({ has: page.getByTitle(name, { exact: true }) });
    const button = row.getByRole('button').first();
    await button.focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog', { name: `Hold: ${name}` })
      .locator('input:focus')
      .waitFor();
    await page.keyboard.type(reason);
    await page.keyboard.press('Enter');
    await row.getByText('held').waitFor();
    await page.getByRole('status').getByText(`Hold, ${name}: done`).waitFor();
    await shoot(page, 'held');
    // The same button, which is where the keyboard still is.
    await row.getByRole('button', { name: 'Release', exact: true }).waitFor();
    await row.locator('button:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await row.getByText('held').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('it was the room');
    await page.keyboard.press('Enter');
    await row.getByText('free').waitFor();
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    const audit = page.getByRole('region', { name: 'Audit' });
    await audit.getByRole('row').filter({ hasText: 'hold-gateway' }).getByText(reason).waitFor();
    await audit
      .getByRole('row')
      .filter({ hasText: 'release-gateway' })
      .getByText('it was the room')
      .waitFor();
    expect(complaints).toEqual([]);
  });

  it('drains an edge and takes it back', async () => {
    const { page, complaints } = await suite.open();
    await page.getByRole('link', { name: 'Edges', exact: true }).click();
    const row = page.getByRole('row').nth(1);
    await row.getByText('up', { exact: true }).waitFor();
    await act(page, 'Drain', reason);
    await row.getByText('takes no new calls').waitFor();
    await shoot(page, 'edges');
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    await page.locator('section').filter({ hasText: 'Service' }).getByText('takes no new calls').waitFor();
    await page.getByRole('link', { name: 'Edges', exact: true }).click();
    await act(page, 'Take back', 'its host is well');
    await row.getByText('up', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('finds gateways by the beginning of their name, and sorts them', async () => {
    const { page } = await suite.open();
    await page.getByRole('link', { name: 'Gateways', exact: true }).click();
    const names = page.getByRole('row').getByTitle(/mediagw/);
    await expect.poll(() => names.count()).toBeGreaterThan(1);
    const head = page.getByRole('columnheader', { name: 'Gateway' });
    const titles = async () =>
      Promise.all((await names.all()).map(async (one) => String(await one.getAttribute('title'))));
    for (const way of ['ascending', 'descending'] as const) {
      await head.getByRole('button').click();
      await expect.poll(() => head.getAttribute('aria-sort')).toBe(way);
      const shown = await titles();
      const sorted = shown.toSorted();
      expect(shown).toEqual(way === 'ascending' ? sorted : sorted.reverse());
    }
    const [first = ''] = await titles();
    await page.getByLabel('Its name begins with').fill(first.slice(0, 20));
    await page.keyboard.press('Enter');
    await expect.poll(titles).toEqual([first]);
    expect(page.url()).toContain(`#/gateways?username=${first.slice(0, 20)}`);
  });

  it('reserves gateways for a time, and takes that back', async () => {
    const { page, complaints } = await suite.open();
    await page.getByRole('link', { name: 'Pool', exact: true }).click();
    await page.getByLabel('Gateways').fill('3');
    await page.getByLabel('to (UTC)').fill('2099-12-31T18:30');
    await act(page, 'Reserve', 'the congress');
    const reservation = page.getByRole('listitem').filter({ hasText: 'the congress (npm start)' });
    await reservation.getByText('31 Dec 2099, 18:30:00').waitFor();
    await reservation.getByRole('button', { name: 'End', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why?').fill('it is over');
    await dialog.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('The policy decides.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('has those rows of a long table in the page that are seen, and the one with the focus', async () => {
    const { page } = await suite.open();
    const at = '2026-11-30T09:00:00.000Z';
    const items = Array.from({ length: 400 }, (_, n) => ({
      username: `${n}.mediagw.1`,
      state: 'free',
      contact: 'sip:gw@10.0.0.7',
      received: '10.0.0.7:5060;tcp',
      edgeId: 'local',
      registeredAt: at,
      expiresAt: at,
    }));
    await page.route('**/v1/gateways?**', (route) => route.fulfill({ json: { items } }));
    await page.getByRole('link', { name: 'Gateways', exact: true }).click();
    const table = page.locator('table[aria-rowcount="401"]');
    await table.getByRole('button', { name: 'Hold', exact: true }).first().focus();
    await page.mouse.move(600, 400);
    const last = table.locator('tr[aria-rowindex="401"]');
    expect(await last.count()).toBe(0);
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 2000);
        return last.count();
      })
      .toBe(1);
    expect(await table.locator('tr[aria-rowindex="150"]').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Hold: 0.mediagw.1' }).waitFor();
  });

  const languages = [
    ['de-DE', de],
    ['fr-FR', fr],
  ] as const;
  describe.each(languages)('is told in his language (%s)', (locale, words) => {
    const phone = { locale, colorScheme: 'dark', viewport: { width: 360, height: 640 } } as const;
    let name: string;

    async function open() {
      const { page } = await suite.open(phone);
      await page.goto(`${page.url().replace(/#.*/, '')}#/gateways?state=free`);
      const title = page
        .getByRole('row')
        .getByTitle(/mediagw/)
        .first();
      name = (await title.getAttribute('title')) as string;
      return page;
    }

    it('that there is nothing to do, and why', async () => {
      const page = await open();
      await page.getByRole('button', { name: words.hold, exact: true }).first().click();
      await page.getByRole('dialog').getByText(words.effects.hold).waitFor();
      expect(await englishOn(page, words)).toEqual([]);
      await shoot(page, `${locale}-hold`);
      // Its row is gone from this page with that; what was asked stays.
      await meanwhile(`/gateways/${name}/hold`);
      await expect.poll(() => page.getByTitle(name, { exact: true }).count()).toBe(0);
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(words.reason).fill('x');
      await dialog.getByRole('button', { name: words.doIt }).click();
      await page
        .getByRole('status')
        .getByText(`${words.unchanged}${words.colon}${words.answers.held}`)
        .waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await shoot(page, `${locale}-held-already`);
      await meanwhile(`/gateways/${name}/release`);
    });

    it('why it is not possible', async () => {
      const page = await open();
      await page.getByRole('button', { name: words.hold, exact: true }).first().click();
      await meanwhile(`/gateways/${name}/drain`);
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(words.reason).fill('x');
      await dialog.getByRole('button', { name: words.doIt }).click();
      const status = page.getByRole('status');
      const conflict = `${words.problems.conflict}${words.colon}${words.answers['not-free']}`;
      const gone = `${words.problems['not-found']}${words.colon}${words.answers['no-such-gateway']}`;
      await status.getByText(conflict).or(status.getByText(gone)).waitFor();
      expect(await englishOn(page, words)).toEqual([]);
    });

    it('how an edge stands', async () => {
      const page = await open();
      await page.getByRole('link', { name: words.edges, exact: true }).click();
      await page.getByRole('button', { name: words.drainEdge }).click();
      await page.getByRole('dialog').getByText(words.effects.drainEdge).waitFor();
      expect(await englishOn(page, words)).toEqual([]);
      await shoot(page, `${locale}-edges`);
    });
  });
});
