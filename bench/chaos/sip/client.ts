import { EventEmitter } from 'node:events';
import type { StackId } from '../../../sip-edge/drachtio/send-by-id.ts';
import type {
  DialogHandler,
  OutgoingRequest,
  RequestHandler,
  Srf,
  SrfRequest,
  SrfResponse,
} from '../../../sip-edge/drachtio/srf.ts';
import type { EdgeMutation } from '../edge-mutations.ts';
import type { Sim } from '../sim.ts';
import { type Called, Link, type LinkedClient } from './link.ts';
import type { SipServer } from './server.ts';

/** In place of drachtio-srf: what the edge's own code uses of it. */
export class Client extends EventEmitter implements LinkedClient {
  readonly #sim: Sim;
  readonly #mutation: EdgeMutation;
  readonly #dialogs = new Map<string, DialogHandler>();
  readonly #handlers = new Map<string, RequestHandler>();
  #link: Link | undefined;
  #server: SipServer | undefined;
  /** As drachtio-srf's: what sends by an id alone. */
  readonly app = { client: { sendMessage: (message: string, id: StackId) => this.#sendById(message, id) } };

  constructor(sim: Sim, mutation: EdgeMutation) {
    super();
    this.#sim = sim;
    this.#mutation = mutation;
  }

  get srf(): Srf {
    return this as unknown as Srf;
  }

  get isConnected(): boolean {
    return this.#link?.isOpen ?? false;
  }

  /** @param handle takes the requests of a method that are of no dialog that it knows */
  serve(method: string, handle: RequestHandler): void {
    this.#handlers.set(method, handle);
  }

  connectTo(server: SipServer): void {
    this.#server = server;
    this.#link = new Link(this, this.#sim);
    server.attach(this.#link);
    this.emit('connect', null, '');
  }

  /** The connection is gone. @param isHeard whether there is anybody to notice */
  disconnect(isHeard: boolean): void {
    if (this.#link) this.#link.isOpen = false;
    this.#link = undefined;
    if (isHeard) this.emit('close');
  }

  request(uri: string, options: OutgoingRequest, called: Called): void {
    if (this.#mutation.isUnsent?.(options)) return;
    const { link, server } = this.#connected();
    link.toServer(() => server.send(link, uri, options, called));
  }

  cancel(txnId: string, done: (error: Error | null) => void): void {
    if (this.#mutation.isUnsent?.({ method: 'CANCEL' })) return;
    const { link, server } = this.#connected();
    link.toServer(() => {
      const isKnown = server.cancel(txnId);
      link.toApplication(() => done(isKnown ? null : new Error('unknown transaction')));
    });
  }

  addDialog(dialog: DialogHandler): void {
    this.#dialogs.set(dialog.id, dialog);
  }

  removeDialog({ id }: Pick<DialogHandler, 'id'>): void {
    this.#dialogs.delete(id);
  }

  /** A request comes in. */
  deliver(request: SrfRequest, response: SrfResponse): void {
    const dialog = this.#dialogs.get(request.stackDialogId);
    if (dialog) dialog.handle(request, response);
    else this.#handlers.get(request.method)?.(request, response);
  }

  #connected(): { link: Link; server: SipServer } {
    if (this.#link === undefined || this.#server === undefined) throw new Error('no connection');
    return { link: this.#link, server: this.#server };
  }

  #sendById(message: string, id: StackId): void {
    const { link, server } = this.#connected();
    const [method = '', status] = message.split(' ');
    if (this.#mutation.isUnsent?.({ method })) return;
    link.toServer(() => {
      if ('stackDialogId' in id) server.acknowledge(id.stackDialogId);
      else if (method === 'CANCEL') server.cancel(id.stackTxnId);
      else server.answerById(id.stackTxnId, Number(status));
    });
  }
}
