import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../../ports.ts';

/*
 * The calls in set-up, on disk, by the ids that drachtio knows their legs by. Where the application dies, or its connection
 * to drachtio breaks, drachtio leaves the caller to ring and tells the gateway nothing; another connection can end both by
 * these ids. One small file a call, since a call is in set-up for a few seconds.
 */

const sentInviteSchema = z.object({ txnId: z.string(), dialogId: z.string() });
/** The INVITE to a gateway. */
export type SentInvite = z.infer<typeof sentInviteSchema>;

const openSetupSchema = z.object({
  callId: z.string(),
  /** Of the caller's INVITE. */
  txnId: z.string(),
  dialogId: z.string(),
  /** Those that it was offered to, the last one last: an answer of one before may still come. */
  offers: z.array(sentInviteSchema),
});
export type OpenSetup = z.infer<typeof openSetupSchema>;

/** A call in set-up, written down. */
export interface SetupNote {
  /** It is offered to a gateway. */
  offered(to: SentInvite): void;
  /** The caller has its final answer. */
  over(): void;
}

/** A set-up that whoever began it cannot end any more. */
export interface LeftSetup extends OpenSetup {
  /** Its legs are ended. */
  forget(): void;
}

const suffix = '.json';

export class SetupJournal {
  readonly #directory: string;
  readonly #log: Pick<Log, 'error'>;
  #isFailing = false;

  /** @param stateDir outlives the application, and is there */
  constructor(stateDir: string, log: Pick<Log, 'error'>) {
    this.#directory = join(stateDir, 'set-ups');
    this.#log = log;
    this.#try(() => existsSync(this.#directory) || mkdirSync(this.#directory));
  }

  begin(begun: Omit<OpenSetup, 'offers'>): SetupNote {
    const setup: OpenSetup = { ...begun, offers: [] };
    const path = join(this.#directory, `${encodeURIComponent(setup.txnId)}${suffix}`);
    const write = () =>
      this.#try(() => {
        writeFileSync(path, JSON.stringify(setup));
        this.#isFailing = false;
      });
    write();
    return {
      offered: (to) => {
        setup.offers.push(to);
        write();
      },
      over: () => this.#remove(path),
    };
  }

  /** @returns the set-ups of now, which are others' where this connection to drachtio has not begun any yet */
  left(): LeftSetup[] {
    const names = this.#try(() => readdirSync(this.#directory)) ?? [];
    return names
      .filter((name) => name.endsWith(suffix))
      .flatMap((name) => {
        const path = join(this.#directory, name);
        const forget = () => this.#remove(path);
        const read = openSetupSchema.safeParse(this.#try(() => jsonOf(readFileSync(path, 'utf8'))));
        if (read.success) return [{ ...read.data, forget }];
        // The process died as it was written.
        forget();
        return [];
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
      if (!this.#isFailing) this.#log.error({ event: 'journal-failed', error }, 'the journal of set-ups');
      this.#isFailing = true;
      return undefined;
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
