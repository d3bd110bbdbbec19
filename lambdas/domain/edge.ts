/** An edge, as far as what it asks tells. */
export interface Edge {
  edgeId: string;
  /** Rises with each start of the edge's application. */
  generation: number;
  /** End of its lease, epoch milliseconds. */
  leaseUntil: number;
  /** When it began to ask after it had been silent, epoch milliseconds. */
  begunAt: number;
  /** Since when an operator drains it, epoch milliseconds. */
  drainingSince?: number;
}
