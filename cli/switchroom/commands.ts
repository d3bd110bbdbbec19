import { reads } from '../../contracts/api/routes.ts';
import type { ApiClient } from './client.ts';
import { findCall, findGateway } from './find.ts';
import { type CommandOption, type Options, wrong } from './options.ts';
import { noSuchCall, showCall, showCalls, showFailures } from './show/calls.ts';
import { showDecisions, showSettings, showStarts, showStatus } from './show/fleet.ts';
import { showEdges, showGateway, showGateways } from './show/gateways.ts';
import { painter } from './show/paint.ts';
import { clock } from './show/table.ts';

/** What a command says: for programs and for people. */
export interface Said {
  json: unknown;
  text: string;
  /** 1 where what was asked for is not there. */
  exitCode?: number;
}

/** Of what has been: from when, and until when. */
export const windowOptions = ['since', 'until', 'from', 'to'] as const;
export const listOptions = ['limit', ...windowOptions] as const;

/** Text as it comes, for what is long or has no end. */
export type Stream = AsyncIterable<string>;

export interface Command {
  /** What stands after the command's name. */
  takes?: string;
  says: string;
  /** What it heeds beside what every command takes. */
  options?: readonly CommandOption[];
  run: (client: ApiClient, words: readonly string[], options: Options) => Promise<Said | Stream>;
}

/** @returns the one word that a command takes */
function oneWord(name: string, what: string, words: readonly string[]): string {
  const [word, ...more] = words;
  if (word === undefined || word === '' || more.length > 0) wrong(`${name} takes one ${what}`);
  return word;
}

export function noWords(name: string, words: readonly string[]): void {
  if (words.length > 0) wrong(`${name} takes nothing more`);
}

/** What a list ends with where its filter found less than was asked for. */
const lookedBackTo = (searchedUntil: string | undefined) =>
  searchedUntil === undefined ? '' : `\n\nLooked back to ${clock(searchedUntil)} UTC; --until looks further.`;

const time = ({ from, to }: Options['filters']) => ({ from, to });

export const readCommands: Readonly<Record<string, Command>> = {
  status: {
    says: 'how it stands, on one screen',
    run: async (client, words, { colours }) => {
      noWords('status', words);
      const json = await client.ask(reads.getStatus);
      return { json, text: showStatus(json, Date.now(), painter(colours)) };
    },
  },
  gateways: {
    takes: '[NAME]',
    says: 'the registered gateways, or one by the beginning of its name',
    options: ['limit'],
    run: async (client, words, { limit, colours }) => {
      const paint = painter(colours);
      if (words.length === 0) {
        const { items } = await client.list(reads.listGateways, limit);
        return { json: { gateways: items }, text: showGateways(items, Date.now(), paint) };
      }
      const gateway = await findGateway(client, oneWord('gateways', 'NAME', words));
      if (gateway === undefined) return { json: null, text: 'No such gateway is registered.', exitCode: 1 };
      return { json: gateway, text: showGateway(gateway, Date.now(), paint) };
    },
  },
  calls: {
    says: 'the calls in progress, and the last ones that are over',
    options: [...listOptions, 'outcome', 'room', 'caller', 'gateway'],
    run: async (client, words, { limit, colours, filters }) => {
      noWords('calls', words);
      const isFiltered = Object.keys(filters).length > 0;
      const live = isFiltered ? [] : (await client.list(reads.listLiveCalls, limit)).items;
      const past =
        live.length >= limit
          ? { items: [] }
          : await client.list(reads.listCalls, limit - live.length, filters);
      const calls = [...live.toSorted((a, b) => (a.beganAt < b.beganAt ? 1 : -1)), ...past.items];
      const text = showCalls(calls, Date.now(), painter(colours));
      return { json: { calls }, text: `${text}${lookedBackTo(past.searchedUntil)}` };
    },
  },
  call: {
    takes: 'CALL-ID',
    says: 'one call as a ladder, by the beginning of its Call-ID',
    run: async (client, words, { colours }) => {
      const found = await findCall(client, oneWord('call', 'CALL-ID', words));
      const call = found && (await client.find(reads.getCall, { params: { id: found.id } }));
      if (call === undefined) return { json: null, text: noSuchCall, exitCode: 1 };
      return { json: call, text: showCall(call, Date.now(), painter(colours)) };
    },
  },
  failures: {
    takes: '[outcome|detail|gateway|edge|caller|room]',
    says: 'how many calls failed, by what they have in common',
    options: windowOptions,
    run: async (client, words, { filters }) => {
      const by = words.length === 0 ? 'outcome' : oneWord('failures', 'word', words);
      const json = await client.ask(reads.getFailures, { query: { by, ...time(filters) } });
      return { json, text: showFailures(json) };
    },
  },
  history: {
    says: 'what the fleet decided, what it saw, and why',
    options: listOptions,
    run: async (client, words, { limit, filters }) => {
      noWords('history', words);
      const { items } = await client.list(reads.listDecisions, limit, time(filters));
      return { json: { decisions: items }, text: showDecisions(items) };
    },
  },
  starts: {
    says: 'the starts of gateways, and how long each phase took',
    options: listOptions,
    run: async (client, words, { limit, colours, filters }) => {
      noWords('starts', words);
      const { items } = await client.list(reads.listStarts, limit, time(filters));
      return { json: { starts: items }, text: showStarts(items, painter(colours)) };
    },
  },
  edges: {
    says: 'the edges, and how many calls each has',
    run: async (client, words, { colours }) => {
      noWords('edges', words);
      const json = await client.ask(reads.listEdges);
      return { json, text: showEdges(json.items, Date.now(), painter(colours)) };
    },
  },
  settings: {
    says: 'the settings in force',
    run: async (client, words) => {
      noWords('settings', words);
      const json = await client.ask(reads.getSettings);
      return { json, text: showSettings(json) };
    },
  },
};
