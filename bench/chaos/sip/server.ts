import type { Acknowledge, OutgoingRequest } from '../../../sip-edge/drachtio/srf.ts';
import type { Sim } from '../sim.ts';
import { Exchange, patienceMs } from './exchange.ts';
import type { Called, Link } from './link.ts';
import { answerOf, Response, requestOf, sdp } from './messages.ts';
import { type Answer, addressOf, type Network, type SipRequest, type UserAgent } from './network.ts';
import { type Dialog, type Invite, legOf, type Offer, ownTag } from './state.ts';

const noDialog = Object.assign(new Error('unable to find dialog'), { code: 'ENODIALOG' });

/** drachtio 0.9.10, as far as the edge has to do with it: transactions and dialogs, which outlive its application. */
export class SipServer {
  isAlive = true;
  readonly #sim: Sim;
  readonly #network: Network;
  readonly #exchange: Exchange;
  readonly #invites = new Map<string, Invite>();
  readonly #offers = new Map<string, Offer>();
  readonly #dialogs = new Map<string, Dialog>();
  readonly #acked = new Set<string>();
  readonly #name: string;
  #link: Link | undefined;
  #ids = 0;

  /** @param name tells its ids from those of others */
  constructor(name: string, sim: Sim, network: Network) {
    this.#name = name;
    this.#sim = sim;
    this.#network = network;
    this.#exchange = new Exchange(sim, network);
  }

  attach(link: Link): void {
    this.#link = link;
  }

  /** Whether an application is there. */
  get serves(): boolean {
    return this.isAlive && this.#link?.isOpen === true;
  }

  /** Whether it has this dialog, or is about to: then whoever is at its other end is in a call. */
  holds(leg: string): boolean {
    const offers = [...this.#offers.values()];
    return this.#dialogs.has(leg) || offers.some((one) => one.leg === leg && !one.isCancelled);
  }

  die(): void {
    this.isAlive = false;
    const leave = (at: string, leg: string) => this.#network.find(at)?.leftAlone(leg);
    for (const [leg, { peer }] of this.#dialogs) leave(peer, leg);
    for (const { leg, caller } of this.#invites.values()) leave(caller, leg);
    for (const { leg, gateway } of this.#offers.values()) leave(gateway, leg);
  }

  /** An INVITE or a REGISTER has arrived. */
  take(from: Pick<UserAgent, 'at'>, { method, leg, headers }: SipRequest, given: Answer): void {
    if (!this.isAlive) return;
    const answer: Answer = (status) => this.#network.carry(`${leg}<`, () => given(status));
    const owner = this.#link;
    if (!owner?.isOpen) {
      answer(503);
      return;
    }
    const uri = 'sip:1234@example.test';
    const txnId = this.#id('in');
    const request = requestOf({ method, headers, uri, from: from.at, txnId, body: sdp });
    if (method === 'INVITE') this.#invites.set(txnId, { request, leg, caller: from.at, owner, answer });
    const response = new Response((status, sent) => {
      owner.toServer(() => {
        const dialogId = method === 'INVITE' ? this.#respond(txnId, status) : '';
        if (method !== 'INVITE') answer(status);
        const error = dialogId === undefined ? 'the transaction is gone' : null;
        owner.toApplication(() => sent(error, dialogId));
      });
    }, `<${uri}>;tag=${ownTag}`);
    owner.toApplication(() => owner.client.deliver(request, response as never));
  }

  /** A CANCEL has arrived. drachtio answers it, and its INVITE, itself. */
  takeCancel(leg: string): void {
    const [txnId, invite] = [...this.#invites].find(([, one]) => one.leg === leg) ?? [];
    if (!this.isAlive || txnId === undefined || invite === undefined) return;
    this.#invites.delete(txnId);
    invite.answer(487);
    invite.owner.toApplication(() =>
      invite.request.emit('cancel', requestOf({ method: 'CANCEL', headers: {} })),
    );
  }

  /** A request within a dialog has arrived. */
  takeWithin(from: UserAgent, { method, leg, headers }: SipRequest, given: Answer): void {
    if (!this.isAlive) return;
    const answer: Answer = (status) => this.#network.carry(`${leg}<`, () => given(status));
    const dialog = this.#dialogs.get(leg);
    if (method === 'ACK') this.#acked.add(leg);
    if (!dialog?.owner.isOpen) {
      if (method !== 'ACK') answer(481);
      return;
    }
    this.#tell(dialog.owner, leg, method, headers, from.at, (status) => {
      if (method === 'BYE') this.#dialogs.delete(leg);
      answer(status);
    });
  }

  /** The application sends a request. */
  send(link: Link, uri: string, options: OutgoingRequest, called: Called): void {
    if (!this.isAlive) return;
    if (options.method === 'INVITE') this.#offer(link, uri, options, called);
    else this.#request(link, uri, options, called);
  }

  #request(link: Link, uri: string, options: OutgoingRequest, called: Called): void {
    const { method, stackDialogId: leg } = options;
    const dialog = leg === undefined ? undefined : this.#dialogs.get(leg);
    if (leg !== undefined && dialog === undefined) {
      link.toApplication(() => called(noDialog));
      return;
    }
    if (leg !== undefined && method === 'BYE') this.#dialogs.delete(leg);
    const { headers = {} } = options;
    const request = requestOf({ method, headers });
    link.toApplication(() => called(null, request));
    const peer = dialog?.peer ?? addressOf(options.proxy ?? uri);
    this.#exchange.ask(peer, { method, leg: leg ?? legOf(headers), headers }, (status, from) =>
      link.toApplication(() => request.emit('response', answerOf(status, {}, from), () => {})),
    );
  }

  /** @returns whether it knows the INVITE */
  cancel(txnId: string): boolean {
    const offer = this.#offers.get(txnId);
    if (!this.isAlive || offer === undefined) return false;
    // Without an answer yet it waits for the first one (RFC 3261 9.1).
    if (offer.isProceeding && !offer.isCancelled) this.#sendCancel(offer);
    offer.isCancelled = true;
    return true;
  }

  answerById(txnId: string, status: number): void {
    if (this.isAlive) this.#respond(txnId, status);
  }

  acknowledge(leg: string): void {
    const dialog = this.#dialogs.get(leg);
    if (this.isAlive && dialog) this.#exchange.send(dialog.peer, { method: 'ACK', leg, headers: {} });
  }

  /** @returns the dialog that a 200 begins, '' for another answer, and undefined where the INVITE is over */
  #respond(txnId: string, status: number): string | undefined {
    const invite = this.#invites.get(txnId);
    if (!this.isAlive || invite === undefined) return undefined;
    invite.answer(status);
    if (status < 200) return '';
    this.#invites.delete(txnId);
    if (status >= 300) return '';
    const { leg, caller, owner } = invite;
    this.#dialogs.set(leg, { peer: caller, owner });
    this.#sim.in(patienceMs, () => this.#endUnacknowledged(leg));
    return leg;
  }

  #endUnacknowledged(leg: string): void {
    const dialog = this.#dialogs.get(leg);
    if (!this.isAlive || dialog === undefined || this.#acked.has(leg)) return;
    this.#dialogs.delete(leg);
    this.#exchange.send(dialog.peer, { method: 'BYE', leg, headers: {} });
    this.#tell(dialog.owner, leg, 'BYE', {}, undefined, () => {});
  }

  #tell(
    owner: Link,
    leg: string,
    method: string,
    headers: SipRequest['headers'],
    from: string | undefined,
    answer: Answer,
  ): void {
    const request = requestOf({ method, headers, from, dialogId: leg });
    const response = new Response((status, sent) => {
      owner.toServer(() => {
        if (this.isAlive) answer(status);
        owner.toApplication(() => sent(null));
      });
    });
    owner.toApplication(() => owner.client.deliver(request, response as never));
  }

  #offer(owner: Link, uri: string, { headers = {}, proxy }: OutgoingRequest, called: Called): void {
    const txnId = this.#id('out');
    const own = { ...headers, 'call-id': txnId, from: `<sip:edge@example.test>;tag=${txnId}` };
    const leg = `${txnId};from-tag=${txnId}`;
    const request = requestOf({ method: 'INVITE', headers: own, txnId });
    request.cancel = (_said, done = () => {}) => owner.client.cancel(txnId, done);
    const gateway = addressOf(proxy ?? uri);
    const offer = { leg, request, gateway, owner, isProceeding: false, isCancelled: false };
    this.#offers.set(txnId, offer);
    owner.toApplication(() => called(null, request));
    // One that is known to ring has no limit here (timer C is the edge's).
    const isInHand = () => offer.isProceeding && !offer.isCancelled;
    const takeAnswer = (status: number, from: string | undefined) => this.#takeAnswer(txnId, status, from);
    this.#exchange.ask(gateway, { method: 'INVITE', leg, headers: own }, takeAnswer, isInHand);
  }

  /** @param from undefined: its own, for a gateway that says nothing */
  #takeAnswer(txnId: string, status: number, from: string | undefined): void {
    const offer = this.#offers.get(txnId);
    if (!this.isAlive || offer === undefined) return;
    const { leg, request, gateway, owner } = offer;
    if (status < 200) {
      if (!offer.isProceeding && offer.isCancelled) this.#sendCancel(offer);
      offer.isProceeding = true;
      if (status === 100) return;
    } else this.#offers.delete(txnId);
    const isAnswered = status >= 200 && status < 300;
    // Of an owner that is gone the dialog stays, and nobody is told.
    if (isAnswered) this.#dialogs.set(leg, { peer: gateway, owner });
    const contact = `<sip:gateway@${from}>`;
    const to = `<sip:gateway@example.test>;tag=gw`;
    const acknowledge: Acknowledge = () => {
      if (!owner.isOpen) throw new Error('no connection');
      owner.toServer(() => this.acknowledge(leg));
    };
    const answer = answerOf(status, { contact, to }, from, isAnswered ? leg : '');
    owner.toApplication(() => request.emit('response', answer, acknowledge));
  }

  #sendCancel({ leg, gateway }: Offer): void {
    this.#exchange.send(gateway, { method: 'CANCEL', leg, headers: {} });
  }

  #id(side: string): string {
    this.#ids += 1;
    return `${side}-${this.#name}-${this.#ids}`;
  }
}
