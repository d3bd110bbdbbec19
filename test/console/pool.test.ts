import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { de } from '../../console/words/de.ts';
import { hasTool } from '../support/process/tools.ts';
import { englishOn } from './english.ts';
import { act, ConsoleSuite, shoot } from './support.ts';

/* What operators see and order of the pool by the console, in a real browser. */

const suite = new ConsoleSuite();

describe.skipIf(!hasTool('chromium'))('of the pool, the console', () => {
  beforeAll(() => suite.start('--min-free', '1', '--max', '3', '--gateway-kind', 'node'));
  afterAll(() => suite.stop());

  it('takes other bounds until a time that the operator says', async () => {
    const { page, complaints } = await suite.open();
    await page.getByRole('link', { name: 'Pool', exact: true }).click();
    const until = page.getByLabel('until (UTC)');
    // Two hours from now, unless somebody says otherwise.
    const usual = Date.parse(`${await until.inputValue()}:00Z`) - Date.now();
    expect(Math.abs(usual - 2 * 3_600_000)).toBeLessThan(120_000);
    await page.getByLabel('At most').fill('2');
    await until.fill('2099-12-31T12:00');
    await page.getByRole('button', { name: 'Override', exact: true }).click();
    await page.getByRole('dialog').getByText('At least free –, At most 2, until 2099-12-31 12:00').waitFor();
    await page.keyboard.press('Escape');
    await act(page, 'Override', 'board meeting');
    await page.getByText('At least free –, At most 2, Until 31 Dec 2099, 12:00:00: board meeting').waitFor();
    await act(page, 'End', 'it is over');
    await page.getByText('The policy decides.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('says how many gateways are reserved', async () => {
    const { page } = await suite.open();
    await page.getByRole('link', { name: 'Pool', exact: true }).click();
    await page.getByLabel('Gateways').fill('3');
    await page.getByLabel('to (UTC)').fill('2099-12-31T18:30');
    await act(page, 'Reserve', 'the congress');
    const reservation = page.getByRole('listitem').filter({ hasText: 'the congress (npm start)' });
    await expect.poll(() => reservation.innerText()).toMatch(/^3 gateways: /);
  });

  it('shows each start with how long its phases took', async () => {
    const { page } = await suite.open({ viewport: { width: 1280, height: 900 } });
    await page.getByRole('link', { name: 'Pool', exact: true }).click();
    const starts = page.getByRole('region', { name: 'Starts' });
    const registered = starts.getByRole('row').filter({ hasText: 'registered' }).first();
    await expect
      .poll(async () => (await registered.innerText()).replaceAll(/\s+/g, ' '))
      .toMatch(/ \w{8}… registered( \d+(\.\d)? secs?){5} short$/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(1280);
    await shoot(page, 'pool');
    const { page: german } = await suite.open({ locale: 'de-DE' });
    await german.getByRole('link', { name: 'Pool', exact: true }).click();
    await german
      .getByRole('region', { name: de.starts })
      .getByText(de.startStates.registered)
      .first()
      .waitFor();
    expect(await englishOn(german, de)).toEqual([]);
  });

  it('shows on a phone what may be done to a gateway, without scrolling', async () => {
    const { page } = await suite.open({ viewport: { width: 375, height: 800 } });
    await page.getByRole('link', { name: 'Gateways', exact: true }).click();
    // How long it has been registered; not since when it is in its state, beside which that stands.
    await page.getByRole('columnheader', { name: 'Age', exact: true }).waitFor();
    const stop = page.getByRole('button', { name: 'Stop', exact: true }).first();
    await stop.waitFor();
    const { x, width } = (await stop.boundingBox()) as { x: number; width: number };
    expect(x + width).toBeLessThanOrEqual(375);
    await shoot(page, 'gateways-phone');
  });
});
