import { applyFact } from '../core/call-state.ts';
import { TableContention } from '../core/errors.ts';
import { gatewayKey } from '../core/keys.ts';
import { deleteGateway, gatewayOf, putTombstone } from './gateway-writes.ts';
import { type CallsDeps, settleCall } from './settle-call.ts';

export interface Loss {
  username: string;
  /** For the call's record: why the gateway is gone. */
  cause: string;
  /** When it went, epoch milliseconds. */
  at: number;
}

const maxTries = 4;

export async function loseGateway(loss: Loss, deps: CallsDeps): Promise<{ lostCallId?: string }> {
  const { table } = deps;
  let lostCallId: string | undefined;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const gateway = gatewayOf(await table.get(gatewayKey(loss.username)));
    if (gateway === undefined) return { ...(lostCallId !== undefined && { lostCallId }) };
    if (gateway.lockedBy !== undefined && gateway.lockedBy !== lostCallId) {
      lostCallId = gateway.lockedBy;
      const callId = lostCallId;
      await settleCall(
        callId,
        (seen) =>
          applyFact(seen, {
            version: 1,
            id: '',
            type: 'gateway.lost',
            edgeId: gateway.edgeId,
            callId,
            ...loss,
          }),
        loss.username,
        { ...deps, afterCall: 'stop' },
      );
    } else {
      const writes = [
        deleteGateway(gateway),
        putTombstone(loss.username, gateway.registrationId, deps.now()),
      ];
      if ((await table.transact(writes)).done) return { ...(lostCallId !== undefined && { lostCallId }) };
    }
  }
  throw new TableContention(`gateway ${loss.username} keeps changing`);
}
