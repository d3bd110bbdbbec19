import type { CallIdentity } from '../../contracts/common.ts';
import { type Call, identityOf } from '../domain/call/call.ts';
import { gatewayLost } from '../domain/call/call-state.ts';
import { TableContention } from '../domain/errors.ts';
import type { Gateway } from '../domain/gateway/gateway.ts';
import { deleteGateway, putTombstone } from '../store/gateway-writes.ts';
import { gatewayOf } from '../store/items/gateway-item.ts';
import { gatewayKey } from '../store/keys.ts';
import { type SettleDeps, settleCall } from './settle-call.ts';

export interface Loss {
  username: string;
  /** For the call's record: why the gateway is gone. */
  cause: string;
  /** When it went, epoch milliseconds. */
  at: number;
}

const maxTries = 4;

/**
 * A gateway is gone, and neither it nor its edge has said so: its task has stopped. Its location is deleted, a call
 * that it served is ended as `gateway-lost`, and the call's edge is told to end the caller's leg (`renewEdge`); a
 * call that it was only being offered goes on to the next gateway. May be told twice.
 * @returns the call that lost it, if any
 * @throws TableUnavailable, TableContention, TaskNotStopped
 */
export async function loseGateway(loss: Loss, deps: SettleDeps): Promise<{ lostCallId?: string }> {
  const { table } = deps;
  let lost: string | undefined;
  const answer = () => (lost === undefined ? {} : { lostCallId: identityOf(lost).callId });
  for (let tries = 0; tries < maxTries; tries += 1) {
    const gateway = gatewayOf(await table.get(gatewayKey(loss.username)));
    if (gateway === undefined) return answer();
    if (gateway.lockedBy !== undefined && gateway.lockedBy !== lost) {
      lost = gateway.lockedBy;
      await settleLoss(identityOf(lost), loss, deps);
    } else if (await forget(gateway, deps)) return answer();
  }
  throw new TableContention(`gateway ${loss.username} keeps changing`);
}

/** Also a gateway that is used again after its call goes for good: what ran it has stopped. */
async function settleLoss(call: CallIdentity, loss: Loss, deps: SettleDeps): Promise<void> {
  const step = (seen: Call | undefined) => seen && gatewayLost(seen, loss);
  await settleCall(call, step, { ...deps, afterCall: 'stop' }, { told: loss.username });
}

/** The location, with what refuses a refresh that is still under way. */
async function forget(gateway: Gateway, { table, now }: SettleDeps): Promise<boolean> {
  const { username, registrationId } = gateway;
  const writes = [deleteGateway(gateway), putTombstone(username, registrationId, now())];
  return (await table.transact(writes)).done;
}
