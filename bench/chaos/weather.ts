import type { Sim } from './sim.ts';

/** What goes wrong on a day, and how often. Shares are of each request, fact or call. */
export interface Weather {
  /** A table request fails before it has taken effect, or after. */
  tableFails: number;
  /** Its reply is lost, and the SDK sends it again. */
  replyLost: number;
  /** It takes seconds. */
  tableSlow: number;
  conflict: number;
  /** An Invoke is lost on its way to the function, or its answer on the way back. */
  invokeLost: number;
  /** A function dies at one of its table requests. */
  functionDies: number;
  /** The longest time until an index shows a write, milliseconds. */
  indexLagMs: number;
  /** PutEvents fails for a batch of an edge, or for some of it, before or after it took effect. */
  busFails: number;
  /** A packet is lost, and sent again. */
  packetLost: number;
  /** A fact comes twice. */
  factTwice: number;
  /** The longest way of a fact, milliseconds. */
  busMs: number;
  /** Clocks differ by so much at most, either way, milliseconds. */
  skewMs: number;
  /**
   * Each minute: an edge's application dies; its connection to the SIP server breaks; the SIP server dies alone; both
   * die, and start again; both are gone with their task, and another is there, which may have its address and so its name;
   * an edge is cut off for a while.
   */
  applicationDies: number;
  connectionBreaks: number;
  serverDies: number;
  bothDie: number;
  edgeDies: number;
  edgeCutOff: number;
  /** Each minute: a gateway starts anew. */
  gatewayRestarts: number;
  /** A start is refused, or throttled, or what it starts dies. */
  startFails: number;
  /** An offered gateway rejects, or says nothing. */
  gatewayRefuses: number;
  /** A caller vanishes as it is answered. */
  callerVanishes: number;
  /** ECS answers a start some seconds after it has begun. */
  startSlow: number;
  /** Each minute: an operator hangs a call up; a gateway's task ends without a word. */
  operatorHangsUp: number;
  gatewayDies: number;
}

export const fair: Weather = {
  tableFails: 0,
  replyLost: 0,
  tableSlow: 0,
  conflict: 0,
  invokeLost: 0,
  functionDies: 0,
  indexLagMs: 0,
  busFails: 0,
  packetLost: 0,
  factTwice: 0,
  busMs: 300,
  skewMs: 0,
  applicationDies: 0,
  connectionBreaks: 0,
  serverDies: 0,
  bothDie: 0,
  edgeDies: 0,
  edgeCutOff: 0,
  gatewayRestarts: 0,
  startFails: 0,
  gatewayRefuses: 0,
  callerVanishes: 0,
  startSlow: 0,
  operatorHangsUp: 0,
  gatewayDies: 0,
};

const worst: Weather = {
  tableFails: 0.05,
  replyLost: 0.1,
  tableSlow: 0.15,
  conflict: 0.1,
  invokeLost: 0.1,
  functionDies: 0.05,
  indexLagMs: 4000,
  busFails: 0.3,
  packetLost: 0.1,
  factTwice: 0.3,
  busMs: 90_000,
  skewMs: 5000,
  applicationDies: 0.3,
  connectionBreaks: 0.3,
  serverDies: 0.1,
  bothDie: 0.1,
  edgeDies: 0.1,
  edgeCutOff: 0.2,
  gatewayRestarts: 0.5,
  startFails: 0.3,
  gatewayRefuses: 0.3,
  callerVanishes: 0.05,
  startSlow: 0.5,
  operatorHangsUp: 0.5,
  gatewayDies: 0.5,
};

/** Each kind of trouble is absent on every other day, and else as bad as chance has it. */
export function drawWeather(sim: Sim): Weather {
  const drawn = { ...fair };
  for (const name of Object.keys(fair) as (keyof Weather)[]) {
    if (sim.chance(0.5)) drawn[name] = Math.max(fair[name], worst[name] * sim.random());
  }
  return drawn;
}
