import { CommandError } from '../../command-line/command-error.ts';
import type { Done } from '../../contracts/api/actions.ts';
import { actionReads, actions } from '../../contracts/api/actions.ts';
import type { ApiClient } from './client.ts';
import { type Command, listOptions, type Said, windowOptions } from './commands.ts';
import { findCall, findEdge, findGateway, findReservation } from './find.ts';
import { type Options, wrong } from './options.ts';
import { showActions, showOrders } from './show/actions.ts';

/* What `switchroom` does, each with a reason: it stands in the history beside who and when. */

function reasonOf(name: string, { because }: Options): string {
  return because || wrong(`${name} wants a reason: --because "…"`);
}

const said = (done: Done): Said => ({
  json: done,
  text: `${done.changed ? '' : 'Nothing to do: '}${done.effect}`,
});

async function callOf(client: ApiClient, beginning: string) {
  const call = await findCall(client, beginning);
  if (call === undefined) throw new CommandError(`there is no call ${beginning}`);
  return call;
}

async function gatewayOf(client: ApiClient, beginning: string): Promise<string> {
  const gateway = await findGateway(client, beginning);
  if (gateway === undefined) throw new CommandError(`no gateway ${beginning} is registered`);
  return gateway.username;
}

async function reservationOf(client: ApiClient, beginning: string): Promise<string> {
  const reservation = await findReservation(client, beginning);
  if (reservation === undefined) throw new CommandError(`there is no reservation ${beginning}`);
  return reservation.id;
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,5}$/.test(text) ? Number(text) : wrong(`${flag} takes a whole number, not "${text}"`);
}

/** What is done to one gateway. */
function gatewayCommand(
  name: string,
  says: string,
  action: (typeof actions)['drainGateway' | 'stopGateway' | 'holdGateway' | 'releaseGateway'],
): Command {
  return {
    takes: 'GATEWAY',
    says,
    options: ['because'],
    run: async (client, words, options) => {
      const [word = wrong(`${name} takes one GATEWAY`)] = words;
      const reason = reasonOf(name, options);
      const username = await gatewayOf(client, word);
      return said(await client.ask(action, { params: { username }, body: { reason } }));
    },
  };
}

/** What is done to one edge. */
function edgeCommand(
  name: string,
  says: string,
  action: typeof actions.drainEdge | typeof actions.resumeEdge,
): Command {
  return {
    takes: 'EDGE',
    says,
    options: ['because'],
    run: async (client, words, options) => {
      const [word = wrong(`${name} takes one EDGE`)] = words;
      const reason = reasonOf(name, options);
      const edge = await findEdge(client, word);
      if (edge === undefined) throw new CommandError(`there is no edge ${word}`);
      const { edgeId } = edge;
      return said(await client.ask(action, { params: { edgeId }, body: { reason } }));
    },
  };
}

export const actCommands: Readonly<Record<string, Command>> = {
  hangup: {
    takes: 'CALL-ID',
    says: 'ends an answered call on both sides',
    options: ['because'],
    run: async (client, words, options) => {
      const [word = wrong('hangup takes one CALL-ID')] = words;
      const reason = reasonOf('hangup', options);
      const { id } = await callOf(client, word);
      return said(await client.ask(actions.hangUp, { params: { id }, body: { reason } }));
    },
  },
  drain: gatewayCommand(
    'drain',
    'lets a gateway go: a free one at once, one in a call after it',
    actions.drainGateway,
  ),
  stop: gatewayCommand('stop', 'stops a gateway now, with its call', actions.stopGateway),
  hold: gatewayCommand('hold', 'keeps a free gateway out of the pool, as it is', actions.holdGateway),
  release: gatewayCommand('release', 'a held gateway is free again', actions.releaseGateway),
  'drain-edge': edgeCommand('drain-edge', 'lets an edge take no new calls; its own go on', actions.drainEdge),
  'resume-edge': edgeCommand('resume-edge', 'lets it take new calls again', actions.resumeEdge),
  pause: {
    says: 'nothing is started or drained any more; calls go on',
    options: ['because'],
    run: async (client, _words, options) =>
      said(await client.ask(actions.pausePool, { body: { reason: reasonOf('pause', options) } })),
  },
  resume: {
    says: 'the policy decides again',
    options: ['because'],
    run: async (client, _words, options) =>
      said(await client.ask(actions.resumePool, { body: { reason: reasonOf('resume', options) } })),
  },
  override: {
    takes: '[off]',
    says: 'other bounds for a time: --min-free N, --max N, --until TIME',
    options: ['because', 'min-free', 'max', 'until', 'to'],
    run: async (client, words, options) => {
      const reason = reasonOf('override', options);
      if (words[0] === 'off') return said(await client.ask(actions.endOverride, { query: { reason } }));
      const until = options.filters.to ?? wrong('override wants --until TIME');
      const minFree = numberOf('--min-free', options.minFree);
      const maximum = numberOf('--max', options.max);
      const bounds = { ...(minFree !== undefined && { minFree }), ...(maximum !== undefined && { maximum }) };
      return said(await client.ask(actions.overridePool, { body: { reason, until, ...bounds } }));
    },
  },
  reserve: {
    takes: 'N | off ID',
    says: 'at least N gateways, free or in calls, --from TIME --until TIME',
    options: ['because', ...windowOptions],
    run: async (client, words, options) => {
      const reason = reasonOf('reserve', options);
      const [first, id] = words;
      if (first === 'off') {
        const params = {
          id: await reservationOf(client, id || wrong('reserve off takes the id of a reservation')),
        };
        return said(await client.ask(actions.endReservation, { params, query: { reason } }));
      }
      const gateways = numberOf('reserve', first) ?? wrong('reserve takes how many gateways');
      const { from = new Date().toISOString(), to = wrong('reserve wants --until TIME') } = options.filters;
      return said(await client.ask(actions.reserve, { body: { reason, gateways, from, to } }));
    },
  },
  orders: {
    says: 'what is ordered of the pool, and has not run out',
    run: async (client) => {
      const json = await client.ask(actionReads.getOrders);
      return { json, text: showOrders(json) };
    },
  },
  audit: {
    says: 'who did what, when and why',
    options: listOptions,
    run: async (client, _words, { limit, filters: { from, to } }) => {
      const { items } = await client.list(actionReads.listActions, limit, { from, to });
      return { json: { actions: items }, text: showActions(items) };
    },
  },
};
