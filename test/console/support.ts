import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { MinuteSample } from '../../lambdas/domain/minute-sample.ts';
import { putSample } from '../../lambdas/store/items/minute-items.ts';
import { openTable } from '../../lambdas/store/table.ts';
import { SwitchroomProcess } from '../support/process/switchroom-process.ts';
import { reportMedia } from '../support/report-media.ts';

const root = resolve(import.meta.dirname, '../..');
const secret = 'gateway-secret';
/** Longest wait for one thing: the machine may be busy. */
const patienceMs = 60_000;

/** Keeps what a page looks like, in the directory that SCREENSHOTS names. */
export async function shoot(page: Page, name: string): Promise<void> {
  const { SCREENSHOTS } = process.env;
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `console-${name}.png`) });
}

/** Does what a button does, once it is told why. */
export async function act(page: Page, label: string, why: string): Promise<void> {
  await page.getByRole('button', { name: label, exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why?').fill(why);
  await dialog.getByRole('button', { name: 'Do it' }).click();
}

/** Debian's Chromium. */
export const launchChromium = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    // As root, which a test in a container is, Chromium has no sandbox of its own.
    args: ['--no-sandbox', '--disable-gpu'],
  });

/** A run of `npm start`, and Debian's Chromium beside it. */
export class ConsoleSuite {
  run!: SwitchroomProcess;
  browser!: Browser;
  /** With the token, as `npm start` prints it. */
  address!: string;
  readonly #callers: ReturnType<typeof spawn>[] = [];

  async start(...args: string[]): Promise<void> {
    this.run = new SwitchroomProcess([...args, '--secret', secret]);
    const { outputs, apiToken } = (await this.run.ready()) as unknown as {
      outputs: { ApiAddress: string };
      apiToken: string;
    };
    this.address = `${outputs.ApiAddress}/#token=${apiToken}`;
    this.browser = await launchChromium();
  }

  /** A page whose errors and refusals by its policy are kept. */
  async open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const context = await this.browser.newContext({ locale: 'en-GB', ...options });
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(this.address);
    await page.getByRole('navigation').waitFor();
    return { page, complaints };
  }

  /** Lets the gateway of the last call that is over tell how its media went. */
  reportMedia(): Promise<void> {
    return reportMedia(this.run.runFile, secret);
  }

  /** Lets the minute be over for the functions. */
  async tick(): Promise<void> {
    const { awsEndpoint: endpoint, credentials, region } = JSON.parse(readFileSync(this.run.runFile, 'utf8'));
    const lambda = new LambdaClient({ endpoint, credentials, region });
    const Payload = JSON.stringify({ 'detail-type': 'Scheduled Event' });
    await lambda.send(new InvokeCommand({ FunctionName: 'Switchroom-calls', Payload }));
    lambda.destroy();
  }

  /** Keeps how minutes stood that the run has not seen, as its functions keep one. @param fromMs when the first began */
  async keep(fromMs: number, samples: readonly MinuteSample[]): Promise<void> {
    const { dynamoDbEndpoint, region, outputs } = JSON.parse(readFileSync(this.run.runFile, 'utf8'));
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new DynamoDBClient({ endpoint: dynamoDbEndpoint, region, credentials });
    const table = openTable(client, outputs.TableName);
    for (const [minute, sample] of samples.entries()) {
      await table.write(putSample(fromMs + minute * 60_000, sample));
    }
    client.destroy();
  }

  /** Calls a room, for as long as the test does not say otherwise. */
  call(room: string, from: string): void {
    const args = ['cli/call.ts', room, '--duration', '600', '--from', from, '--run-file', this.run.runFile];
    this.#callers.push(spawn(process.execPath, args, { cwd: root, stdio: 'ignore' }));
  }

  async stop(): Promise<void> {
    for (const caller of this.#callers) caller.kill();
    await this.browser?.close();
    await this.run?.dispose();
  }
}
