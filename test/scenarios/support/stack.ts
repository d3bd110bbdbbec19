import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import { ApiClient } from '../../../cli/switchroom/client.ts';
import { findCall } from '../../../cli/switchroom/find.ts';
import { type RunFile, readRunFile } from '../../../command-line/run-file.ts';
import { reads } from '../../../contracts/api/routes.ts';
import type { CallDetail, CallView, GatewayView } from '../../../contracts/api/views.ts';
import { eventually } from '../../support/eventually.ts';
import { SwitchroomProcess } from '../../support/process/switchroom-process.ts';
import { until } from '../../support/until.ts';

export const secret = 'gateway-secret';

/** Whether a real drachtio takes the place of the embedded SIP server. */
export const withDrachtio = Boolean(process.env.DRACHTIO);

/** Programs of a run, as their command lines tell them. */
const programs = {
  'table engine': /dynoxide/,
  'SIP server': /local\/sip-server\/main\.ts|\/drachtio\0/,
  edge: /--enable-source-maps\0[^\0]*edge/,
} as const;
export type Program = keyof typeof programs;

/** A whole `npm start` under test, with a look at its table. */
export class Stack {
  readonly process: SwitchroomProcess;
  readonly run: RunFile;
  /** A refusal that the test provokes. */
  expectedDenial: RegExp | undefined;
  readonly #table: DynamoDBClient;

  /** @param args more options of `npm start` */
  static async start(...args: string[]): Promise<Stack> {
    const { DRACHTIO } = process.env;
    const started = new SwitchroomProcess([
      ...['--secret', secret, '--min-free', '0', '--max', '0'],
      ...(DRACHTIO ? ['--drachtio', DRACHTIO] : []),
      ...args,
    ]);
    try {
      await started.ready();
      const run = readRunFile(started.runFile);
      if (!run) throw new Error('the run has written no run file');
      return new Stack(started, run);
    } catch (error) {
      await started.dispose();
      throw error;
    }
  }

  private constructor(started: SwitchroomProcess, run: RunFile) {
    this.process = started;
    this.run = run;
    this.#table = new DynamoDBClient({
      endpoint: run.dynamoDbEndpoint,
      region: run.region,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
  }

  get sip(): { host: string; port: number } {
    return this.run.sip;
  }

  get server(): { address: string; port: number } {
    return { address: this.run.sip.host, port: this.run.sip.port };
  }

  get domain(): string {
    return this.run.domain;
  }

  /** The API of the run, as the command line uses it. */
  api(): Promise<ApiClient> {
    return ApiClient.open({ kind: 'run', file: this.process.runFile });
  }

  async gateways(): Promise<GatewayView[]> {
    return (await (await this.api()).list(reads.listGateways, 1000)).items;
  }

  async gateway(username: string): Promise<GatewayView | undefined> {
    return (await this.api()).find(reads.getGateway, { params: { username } });
  }

  /** The last call with this Call-ID. */
  async call(callId: string): Promise<CallDetail | undefined> {
    const client = await this.api();
    const found = await findCall(client, callId);
    return found && client.find(reads.getCall, { params: { id: found.id } });
  }

  async liveCalls(): Promise<CallView[]> {
    return (await (await this.api()).list(reads.listLiveCalls, 1000)).items;
  }

  /** The calls, newest first. */
  async calls(): Promise<CallView[]> {
    const live = await this.liveCalls();
    const past = await (await this.api()).list(reads.listCalls, 1000);
    return [...live, ...past.items].sort((a, b) => (a.beganAt < b.beganAt ? 1 : -1));
  }

  /** Waits until a gateway is in this state, or gone. */
  async untilGateway(username: string, state: GatewayView['state'] | 'gone'): Promise<void> {
    await eventually(async () => {
      expect({ username, state: (await this.gateway(username))?.state ?? 'gone' }).toEqual({
        username,
        state,
      });
    });
  }

  /** Waits until the record of a call tells this. A call's facts are behind its gateway: the bus is between. */
  async untilCall(callId: string, record: Partial<CallDetail>): Promise<void> {
    await eventually(async () => expect(await this.call(callId)).toMatchObject(record));
  }

  /** Forgets all gateways, so that the next test finds none of this one's. */
  async clearGateways(): Promise<void> {
    const TableName = this.run.outputs.TableName;
    const { Items = [] } = await this.#table.send(
      new ScanCommand({ TableName, ProjectionExpression: 'pk', ConsistentRead: true }),
    );
    for (const { pk } of Items) {
      if (!pk?.S?.startsWith('GW#')) continue;
      await this.#table.send(new DeleteItemCommand({ TableName, Key: { pk } }));
    }
  }

  /** @returns the process id of one of the run's programs */
  pidOf(program: Program): number {
    const pid = this.process.processes().find((candidate) => {
      try {
        return programs[program].test(readFileSync(`/proc/${candidate}/cmdline`, 'utf8'));
      } catch {
        // Gone between two looks.
        return false;
      }
    });
    if (pid === undefined) throw new Error(`no process of the ${program}`);
    return pid;
  }

  kill(program: Program, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pidOf(program), signal);
  }

  /** Kills the application of one of several edges. */
  killEdge(edgeId: string): void {
    const pids = this.process.processesWith(`EDGE_ID=${edgeId}\0`);
    if (pids.length === 0) throw new Error(`no process of the edge ${edgeId}`);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  }

  /** Waits until a program that died is up again. @param since epoch ms, before it was killed */
  async untilRestarted(name: string, since: number): Promise<void> {
    await this.process.event('process.restarted', (event) => event.name === name && event.at >= since);
  }

  /** Waits for a line of the edge's log that tells this outcome of this Call-ID. */
  async untilLogged(callId: string, outcome: string): Promise<void> {
    await until(`a log line of ${callId} with ${outcome}`, () =>
      readFileSync(join(this.run.logDir, 'edge.log'), 'utf8')
        .split('\n')
        .some((line) => line.includes(`"${callId}"`) && line.includes(`"outcome":"${outcome}"`)),
    );
  }

  /** @throws where a function or the edge asked for something that its role does not allow, but for what is expected */
  async stop(): Promise<void> {
    this.#table.destroy();
    await this.process.dispose();
    const denied = this.process.events
      .filter(({ event }) => event === 'access-denied')
      .map(({ denial }) => String(denial))
      .filter((denial) => !this.expectedDenial?.test(denial));
    if (denied.length > 0) throw new Error(denied.join('\n'));
  }
}
