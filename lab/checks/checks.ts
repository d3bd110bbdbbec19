import type { Lab } from '../lab.ts';
import {
  callerChecks,
  longCall,
  lossyChecks,
  misled,
  nameCheck,
  strangerCheck,
  tlsChecks,
} from './callers.ts';
import type { Check } from './check.ts';
import { dialogChecks } from './dialogs.ts';
import { type MediaAddress, mediaChecks } from './media.ts';
import { outageChecks } from './outages.ts';
import { sipMediaGwChecks } from './sip-media-gateway.ts';
import { startChecks } from './start.ts';
import { updateChecks } from './update.ts';

type Say = (event: string, text: string, fields?: object) => void;

/** What is looked at. */
export interface Scope {
  /** Leaves out what takes minutes. */
  isShort: boolean;
  /** Callers of every address are let in. */
  isOpen: boolean;
  /** Media alone, by the address that gateways tell. */
  mediaAddress: MediaAddress | undefined;
  /** A call to SIPMediaGW alone. */
  isSipMediaGw: boolean;
}

/**
 * Runs all of them, one after the other; without a healthy start none but the first.
 * @returns whether nothing was wrong
 */
export async function runChecks(
  lab: Lab,
  domain: string,
  { isShort, isOpen, mediaAddress, isSipMediaGw }: Scope,
  say: Say,
): Promise<boolean> {
  let isGood = true;
  const look = async ({ name, run }: Check) => {
    const wrong = await run(lab, domain).catch((error: unknown) => String(error));
    if (wrong !== undefined) isGood = false;
    say('checked', `${wrong === undefined ? 'good' : 'BAD '}  ${name}${wrong ? `\n${wrong}` : ''}`, {
      name,
      wrong,
    });
  };
  for (const check of startChecks) if (isGood) await look(check);
  if (!isGood) return false;
  if (isSipMediaGw || mediaAddress !== undefined) {
    const checks = isSipMediaGw ? sipMediaGwChecks : mediaChecks(mediaAddress as MediaAddress);
    for (const check of checks) await look(check);
    return isGood;
  }
  for (const check of [...callerChecks, nameCheck, ...lossyChecks, ...dialogChecks]) await look(check);
  if (lab.hasTls) for (const check of tlsChecks) await look(check);
  if (!isShort) {
    for (const check of updateChecks) await look(check);
    // Beside it, since it takes its time: no edge goes meanwhile.
    const beside = [longCall, ...(isOpen ? [] : [strangerCheck]), outageChecks[0] as Check];
    await Promise.all(beside.map(look));
  }
  await look(misled);
  if (!isShort) for (const check of outageChecks.slice(1)) await look(check);
  return isGood;
}
