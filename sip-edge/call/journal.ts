import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../ports.ts';

/*
 * The calls of this edge, on disk, by the ids that drachtio knows their legs by. Where the application dies, or its
 * connection to drachtio breaks, drachtio leaves a caller to ring and tells the gateway nothing, and another connection can
 * end both by these ids. And what was answered a moment ago nobody else knows of yet: the table hears of it by a fact, which
 * may be late. Nor does anybody else know that a caller has given up while its call waits for a command's answer. One small
 * file a call, which gets a line when it begins, is offered, is given up and is answered, and is gone when it is over. It is
 * never written anew: ext4 has a file that was cut on its disk before a close returns, and the edge with all its calls would
 * wait for that.
 */

const sentInviteSchema = z.object({ txnId: z.string(), dialogId: z.string() });
/** The INVITE to a gateway. */
export type SentInvite = z.infer<typeof sentInviteSchema>;

const remainsSchema = z.object({
  uri: z.string(),
  proxy: z.string().optional(),
  headers: z.record(z.string(), z.string()),
});

const answeredCallSchema = z.object({
  gateway: z.string(),
  callerDialogId: z.string(),
  gatewayDialogId: z.string(),
  /** What a BYE can be made of where drachtio is lost as well. */
  callerRemains: remainsSchema.optional(),
  gatewayRemains: remainsSchema.optional(),
  /** Epoch ms. */
  answeredAt: z.number(),
});
export type AnsweredCall = z.infer<typeof answeredCallSchema>;

const keptCallSchema = z.object({
  callId: z.string(),
  /** Of the caller's INVITE. */
  txnId: z.string(),
  dialogId: z.string(),
  traceId: z.string(),
  /** Epoch ms. */
  receivedAt: z.number(),
  /** Those that it was offered to, the last one last: an answer of one before may still come. */
  offers: z.array(sentInviteSchema),
  /** The caller has given up, and been answered so. */
  isCancelled: z.literal(true).optional(),
  /** From when both legs are up. */
  answered: answeredCallSchema.optional(),
});
export type KeptCall = z.infer<typeof keptCallSchema>;

/** A call, written down. */
export interface CallNote {
  /** It is offered to a gateway. */
  offered(to: SentInvite): void;
  cancelled(): void;
  answered(call: AnsweredCall): void;
  over(): void;
}

/** A call of whoever was connected to drachtio before. */
export interface LeftCall {
  readonly kept: KeptCall;
  readonly note: CallNote;
}

const suffix = '.json';

export class CallJournal {
  readonly #directory: string;
  readonly #log: Pick<Log, 'error'>;
  #isFailing = false;

  /** @param stateDir outlives the application, and is there */
  constructor(stateDir: string, log: Pick<Log, 'error'>) {
    this.#directory = join(stateDir, 'calls');
    this.#log = log;
    this.#try(() => existsSync(this.#directory) || mkdirSync(this.#directory));
  }

  begin(begun: Omit<KeptCall, 'offers' | 'isCancelled' | 'answered'>): CallNote {
    const call: KeptCall = { ...begun, offers: [] };
    const path = join(this.#directory, `${encodeURIComponent(call.txnId)}${suffix}`);
    this.#write(path, call);
    return this.#noteOf(path, call);
  }

  /** @returns the calls of now, which are others' where this connection to drachtio has not begun any yet */
  left(): LeftCall[] {
    const names = this.#try(() => readdirSync(this.#directory)) ?? [];
    return names
      .filter((name) => name.endsWith(suffix))
      .flatMap((name) => {
        const path = join(this.#directory, name);
        const kept = lastIn(this.#try(() => readFileSync(path, 'utf8')) ?? '');
        if (kept) return [{ kept, note: this.#noteOf(path, kept) }];
        // The process died as the first line was written.
        this.#remove(path);
        return [];
      });
  }

  #noteOf(path: string, call: KeptCall): CallNote {
    return {
      offered: (to) => {
        call.offers.push(to);
        this.#write(path, call);
      },
      cancelled: () => {
        call.isCancelled = true;
        this.#write(path, call);
      },
      answered: (answered) => {
        call.answered = answered;
        this.#write(path, call);
      },
      over: () => this.#remove(path),
    };
  }

  #write(path: string, call: KeptCall): void {
    this.#try(() => {
      // The end of a line first: one that was written in part spoils none after it.
      appendFileSync(path, `\n${JSON.stringify(call)}`);
      this.#isFailing = false;
    });
  }

  #remove(path: string): void {
    // A fifteenth of an edge's CPU for a call was rmSync, which looks for folders.
    this.#try(() => {
      if (existsSync(path)) unlinkSync(path);
    });
  }

  /** A disk that takes nothing costs no call, and says so once. */
  #try<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ event: 'journal-failed', error }, 'the journal of calls');
      this.#isFailing = true;
      return undefined;
    }
  }
}

/** @returns what the last line says that was written whole */
function lastIn(text: string): KeptCall | undefined {
  for (const line of text.split('\n').reverse()) {
    const { data } = keptCallSchema.safeParse(jsonOf(line));
    if (data) return data;
  }
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
