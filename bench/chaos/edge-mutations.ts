import type { CallJournal } from '../../sip-edge/call/journal.ts';
import type { Headers } from '../../sip-edge/drachtio/srf.ts';
import type { Delivery } from '../../sip-edge/outbox/sender.ts';
import type { ControlPlane, FactSink, NewFact } from '../../sip-edge/ports.ts';

type Journal = Pick<CallJournal, 'begin' | 'left'>;

/** Something that the edge does not do, say, hear or keep. */
export interface EdgeMutation {
  /** What it does not send. */
  isUnsent?(message: { method: string; headers?: Headers; stackDialogId?: string }): boolean;
  changeFacts?(facts: FactSink): FactSink;
  changeDelivery?(deliver: Delivery): Delivery;
  changeControlPlane?(plane: ControlPlane): ControlPlane;
  changeJournal?(journal: Journal): Journal;
}

const isOfGivenUp = ({ reason = '' }: Headers = {}) => reason.includes('cause=487');

/** Each method by itself: those of a class are no properties of its objects. */
const passing = (plane: ControlPlane): ControlPlane => ({
  register: (command) => plane.register(command),
  allocate: (command, asker) => plane.allocate(command, asker),
  listEdgeCalls: () => plane.listEdgeCalls(),
  renewEdge: () => plane.renewEdge(),
});

const silencing = (type: NewFact['type']) => (facts: FactSink) => ({
  publish: (fact: NewFact) => {
    if (fact.type !== type) facts.publish(fact);
  },
});

export const edgeMutations: readonly (EdgeMutation & { name: string })[] = [
  {
    name: 'calls are told apart by their Call-ID alone',
    changeFacts: (facts) => ({
      publish: (fact) => facts.publish('traceId' in fact ? { ...fact, traceId: undefined } : fact),
    }),
    changeControlPlane: (plane) => ({
      ...passing(plane),
      allocate: ({ traceId: _, ...command }, asker) => plane.allocate(command, asker),
    }),
  },
  {
    name: 'a caller gives up, and its gateway gets no CANCEL',
    isUnsent: ({ method }) => method === 'CANCEL',
  },
  {
    name: 'a 200 that comes after the call was given up is not ended by BYE',
    isUnsent: ({ method, headers }) => method === 'BYE' && isOfGivenUp(headers),
  },
  {
    name: 'an application that starts anew forgets the calls that ring',
    changeJournal: (journal) => ({
      begin: (begun) => journal.begin(begun),
      left: () => journal.left().filter(({ kept }) => kept.answered),
    }),
  },
  {
    name: 'an application that starts anew forgets the calls that talk',
    changeJournal: (journal) => ({
      begin: (begun) => journal.begin(begun),
      left: () => journal.left().filter(({ kept }) => !kept.answered),
    }),
  },
  {
    name: 'an application that starts anew takes over no call',
    changeControlPlane: (plane) => ({ ...passing(plane), listEdgeCalls: async () => ({ calls: [] }) }),
  },
  {
    name: 'facts that the bus did not take are not told again',
    changeDelivery: (deliver) => (batch) =>
      deliver(batch).then(
        (results) => results.map(() => ({ result: 'sent' })),
        () => batch.map(() => ({ result: 'sent' })),
      ),
  },
  { name: 'a cancelled call lets its gateway go untold', changeFacts: silencing('call.cancelled') },
  { name: 'the legs of calls are not probed', isUnsent: ({ method }) => method === 'OPTIONS' },
  {
    name: 'an edge heeds no hang-up that it is told',
    changeControlPlane: (plane) => ({
      ...passing(plane),
      renewEdge: async () => ({ ...(await plane.renewEdge()), hangups: [] }),
    }),
  },
];
