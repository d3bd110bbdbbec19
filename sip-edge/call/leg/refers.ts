import { parseCSeq } from '../../../sip/cseq.ts';

/** Of a peer that asks for more only the last ones are known. */
const mostRefers = 20;
const eventOfRefer = /^(\s*refer\s*;(?:.*;)?\s*id\s*=\s*)(\d+)(.*)$/i;

/**
 * The REFERs that went out on a leg. The NOTIFYs that tell of one name it by its CSeq (RFC 3515 2.4.6), which on this leg
 * is another than on the one that it came from.
 */
export class Refers {
  /** Number on this leg → number on the other. */
  readonly #numbers = new Map<number, number>();

  /** @param sent CSeq of the REFER on this leg. @param asked the one that it came with on the other */
  add(sent: string | undefined, asked: string | undefined): void {
    const [here, there] = [parseCSeq(sent ?? ''), parseCSeq(asked ?? '')];
    if (here === undefined || there === undefined) return;
    this.#numbers.set(here.number, there.number);
    for (const oldest of this.#numbers.keys())
      if (this.#numbers.size > mostRefers) this.#numbers.delete(oldest);
      else break;
  }

  /** @returns the Event of a NOTIFY that came on this leg, as the other leg knows it */
  eventThere(event: string): string {
    return event.replace(eventOfRefer, (whole, before: string, id: string, after: string) => {
      const number = this.#numbers.get(Number(id));
      return number === undefined ? whole : `${before}${number}${after}`;
    });
  }
}
