/*
 * What the service asks of AWS, apart from how big it is: counted on the wire by `npm run bench -- --only operations` and
 * test/lambdas/billing.test.ts (docs/bench.md), but for what is said to be assumed.
 */

export interface Usage {
  /** Lambda requests. */
  requests: number;
  /** Custom events put on the bus. */
  events: number;
  /** Requests of queues: a message sent, a batch received, a batch deleted. */
  queue: number;
  /** Write and read units of the table, its indexes included. */
  writes: number;
  reads: number;
  /** Bytes of logs. */
  logBytes: number;
}

/** Billed time of one request at 1 GB, seconds. Assumed: locally one takes some 10 ms. */
export const secondsPerRequest = 0.03;
export const memoryGb = 1;
/** Share of the requests that X-Ray records, as the functions' sampling rule has it by default. */
export const tracedShare = 0.05;
/** How long a gateway is in one call. Assumed. */
export const minutesOfCall = 10;

/** A batch of the fleet: its lease taken and given back, six queries of the indexes, the operators' orders. Log bytes are assumed. */
const perFleetRun: Usage = { requests: 1, events: 0, queue: 2, writes: 2, reads: 4, logBytes: 300 };

/** A gateway tells how the media of its call went: a query and a read, a write, and the record told again. */
const perMediaReport: Usage = { requests: 1, events: 1, queue: 0, writes: 1, reads: 1.5, logBytes: 1200 };

/**
 * A call to a gateway that leaves after it, and the gateway that takes its place, where nothing else happens in the same
 * seconds: allocate; answered and ended in calls, each a batch of its own; two REGISTERs. Four transactions of two items at
 * two units each, a delete, eleven index entries that come, move or go, and twice a transaction that counts the demand;
 * two queries, two reads of two items at once, and one of the call for the demand. Five facts of the edge and the call's record. Seven messages for the fleet (the call
 * offered and ended, the one gateway gone and the other there, three changes of tasks), in some five batches, and the
 * record of a start, some sixteen units. Log bytes are assumed.
 */
export const perCall: Usage = sum(
  { requests: 5, events: 6, queue: 6, writes: 34, reads: 6, logBytes: 8000 },
  perMediaReport,
  { requests: 0, events: 0, queue: 7, writes: 0, reads: 0, logBytes: 0 },
  times(5, perFleetRun),
  { requests: 0, events: 0, queue: 0, writes: 16, reads: 3, logBytes: 0 },
);

/** The record of a call, as Firehose counts it. */
export const recordMb = 0.005;

/** Lambda looks into a queue that is empty by five connections, each for 20 s ("Using Lambda with Amazon SQS"). */
export const pollsOfQueue = 5;
export const pollSec = 20;
export const perPoll: Usage = { requests: 0, events: 0, queue: 1, writes: 0, reads: 0, logBytes: 0 };

/**
 * An edge renews its lease: one write and the index entry that moves, and one query. Often an instance of the function
 * knows that the lease lasts, and writes nothing.
 */
export const perHeartbeat: Usage = { requests: 1, events: 0, queue: 0, writes: 3, reads: 0.5, logBytes: 500 };
export const heartbeatSec = 15;

/** A refresh of a gateway: one write, none of an index. */
export const perRefresh: Usage = { requests: 1, events: 0, queue: 0, writes: 1, reads: 0, logBytes: 500 };
export const refreshSec = 60;

/** An edge keeps `register` and `allocate` warm: two requests in which nothing is done. */
export const perTouch: Usage = { requests: 2, events: 0, queue: 0, writes: 0, reads: 0, logBytes: 600 };
export const touchSec = 60;

/**
 * A tick of a schedule: of calls (the edges, their open calls, the draining gateways; and the sample of the minute, in an
 * item of an hour that grows to some 4 KB), or of the fleet.
 */
export const perTick: Usage = { requests: 1, events: 0, queue: 0, writes: 2.5, reads: 4.5, logBytes: 500 };
export const tickSec = 60;

/** A request to the API: a page of fifty records by two queries. Log bytes, its access log with them, are assumed. */
export const perApiRequest: Usage = {
  requests: 1,
  events: 0,
  queue: 0,
  writes: 0,
  reads: 60,
  logBytes: 1000,
};

export function times(factor: number, usage: Usage): Usage {
  return {
    requests: usage.requests * factor,
    events: usage.events * factor,
    queue: usage.queue * factor,
    writes: usage.writes * factor,
    reads: usage.reads * factor,
    logBytes: usage.logBytes * factor,
  };
}

function sum(...parts: readonly Usage[]): Usage {
  const of = (key: keyof Usage) => parts.reduce((total, part) => total + part[key], 0);
  return {
    requests: of('requests'),
    events: of('events'),
    queue: of('queue'),
    writes: of('writes'),
    reads: of('reads'),
    logBytes: of('logBytes'),
  };
}
