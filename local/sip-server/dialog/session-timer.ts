import { requestInDialog } from '../../../sip/dialog.ts';
import type { HeaderLine } from '../../../sip/message/headers.ts';
import type { SipRequest, SipResponse } from '../../../sip/message/message.ts';
import { parseSessionExpires, type SessionExpires } from '../../../sip/session-expires.ts';
import type { Core } from '../core.ts';
import { endByServer } from './bye.ts';
import type { Dialog } from './dialog.ts';
import { sendAckOf, withDialogTarget } from './dialog-request.ts';

/*
 * Session timers (RFC 4028) run in the server, as in drachtio: the application sees neither the refreshes nor the
 * clock, only the BYE of a session that the peer let lapse. Where drachtio 0.9.10 cuts calls that the RFC keeps, this
 * server does as the RFC says: a 2xx without Session-Expires ends the timer (7.2), and a refused refresh ends no call but
 * by 408 or 481 (10).
 */

/** Shorter intervals are not agreed to (RFC 4028 4). */
const minimumSec = 90;
const maximumSec = 86_400;
/** We refresh at half the interval, some seconds earlier or later, so that not all calls do at once. */
const jitterSec = 5;

/** An agreed session timer. */
export interface SessionTerms {
  sec: number;
  weRefresh: boolean;
}

/** Longer than a day is a day. */
function readSessionExpires({ headers }: SipRequest | SipResponse): SessionExpires | undefined {
  const timer = parseSessionExpires(headers.get('session-expires'));
  return timer && { ...timer, sec: Math.min(timer.sec, maximumSec) };
}

/** @returns the Min-SE of a 422, where a request asks for too short an interval */
export function offeredTooShort(request: SipRequest): number | undefined {
  const offered = readSessionExpires(request);
  return offered && offered.sec < minimumSec ? minimumSec : undefined;
}

/**
 * What our 200 to a new INVITE agrees to. An offer that names no refresher is not taken up, as drachtio does.
 * @param answer the application's answer; its own Session-Expires goes first
 * @returns the terms, and the header to add
 */
export function termsAsCallee(
  invite: SipRequest,
  answer: SipResponse,
): { terms: SessionTerms; header: HeaderLine | undefined } | undefined {
  const chosen = readSessionExpires(answer);
  if (chosen) {
    const sec = Math.max(chosen.sec, minimumSec);
    return { terms: { sec, weRefresh: chosen.refresher === 'uas' }, header: undefined };
  }
  const offered = readSessionExpires(invite);
  if (!offered?.refresher) return undefined;
  const sec = Math.max(offered.sec, minimumSec);
  const terms = { sec, weRefresh: offered.refresher === 'uas' };
  return { terms, header: ['Session-Expires', `${sec};refresher=${offered.refresher}`] };
}

/** @returns what the peer's 2xx to an INVITE of ours agreed to */
function termsAsCaller(answer: SipResponse): SessionTerms | undefined {
  const agreed = readSessionExpires(answer);
  return agreed && { sec: agreed.sec, weRefresh: agreed.refresher !== 'uas' };
}

/** The peer's re-INVITE or UPDATE ends the running timer, and begins the next where it names one. */
export function refreshedByPeer(core: Core, dialog: Dialog, request: SipRequest): void {
  const weRefreshed = dialog.weRefresh;
  stop(dialog);
  const offered = readSessionExpires(request);
  if (!offered) return;
  const peerRefreshes = offered.refresher === 'uac' || (!offered.refresher && weRefreshed);
  startSessionTimer(core, dialog, { sec: offered.sec, weRefresh: !peerRefreshes });
}

/** A 2xx to a re-INVITE or UPDATE of ours: what it says of the timer holds from now on, also where it says nothing. */
export function refreshedByUs(core: Core, dialog: Dialog, answer: SipResponse): void {
  const terms = termsAsCaller(answer);
  if (terms) startSessionTimer(core, dialog, terms);
  else stop(dialog);
}

/** Starts the clock anew. @param retrySec when we try again, where a refresh of ours was refused */
export function startSessionTimer(core: Core, dialog: Dialog, terms: SessionTerms, retrySec?: number): void {
  stop(dialog);
  dialog.weRefresh = terms.weRefresh;
  const jitter = Math.round((Math.random() * 2 - 1) * jitterSec);
  const inSec = terms.weRefresh ? (retrySec ?? Math.floor(terms.sec / 2) + jitter) : terms.sec;
  const timer = core.endpoint.timers.after(inSec * core.limits.sessionSecondMs, () => {
    dialog.stopSessionTimer = undefined;
    if (terms.weRefresh) refresh(core, dialog, terms.sec);
    else expire(core, dialog, 'peer did not refresh the session');
  });
  dialog.stopSessionTimer = () => timer.cancel();
}

function stop(dialog: Dialog): void {
  dialog.stopSessionTimer?.();
  dialog.stopSessionTimer = undefined;
  dialog.weRefresh = false;
}

function expire(core: Core, dialog: Dialog, why: string): void {
  core.log.info({ callId: dialog.callId }, why);
  endByServer(core, dialog, 'Session timer expired');
}

/** The peer has no such dialog any more, or somebody on the way had no answer from it (RFC 4028 10). */
const endsDialog: ReadonlySet<number> = new Set([408, 481]);

/** The two INVITEs that crossed are not to cross again (RFC 3261 14.1). */
const retryAfterGlareSec = 2;

/**
 * The session of the peer goes on to run out where it refuses a refresh, and it may give the call up at two thirds of it
 * (RFC 4028 10).
 * @returns the interval to ask for next, and when: a 422 says how long it has to be, and wants to be asked at once (7.3)
 */
export function nextRefresh({ status, headers }: SipResponse, sec: number): { sec: number; inSec: number } {
  const least = Number.parseInt(headers.get('min-se') ?? '', 10);
  if (status === 422 && least > sec && least <= maximumSec) return { sec: least, inSec: 0 };
  return { sec, inSec: status === 491 ? retryAfterGlareSec : Math.floor(sec / 12) };
}

/** Sends a re-INVITE that repeats our last session description. */
function refresh(core: Core, dialog: Dialog, sec: number): void {
  if (dialog.openInvite) {
    // The application's own re-INVITE is under way; its answer starts the clock.
    startSessionTimer(core, dialog, { sec, weRefresh: true });
    return;
  }
  const cseq = ++dialog.localSeq;
  const headers: HeaderLine[] = [
    ['Contact', dialog.localContact],
    ['Session-Expires', `${sec};refresher=uac`],
    ['Min-SE', String(minimumSec)],
  ];
  if (dialog.localBody) headers.push(['Content-Type', dialog.localBody.type]);
  const body = dialog.localBody?.body ?? '';
  const invite = requestInDialog(dialog, { method: 'INVITE', cseq, headers, body });
  const failed = (why: string) => {
    dialog.openInvite = undefined;
    if (core.dialogs.get(dialog.id) === dialog) expire(core, dialog, `session refresh failed: ${why}`);
  };
  const answered = (answer: SipResponse) => {
    if (answer.status < 200) return;
    dialog.openInvite = undefined;
    if (answer.status >= 300) {
      if (endsDialog.has(answer.status)) failed(String(answer.status));
      else {
        const next = nextRefresh(answer, sec);
        startSessionTimer(core, dialog, { sec: next.sec, weRefresh: true }, next.inSec);
      }
      return;
    }
    const ack = dialog.acks.get(cseq);
    if (ack) {
      core.endpoint.sendBytes(ack.bytes, ack.target);
      return;
    }
    dialog.retarget(answer.headers);
    sendAckOf(core, dialog, cseq, {}, () => {});
    refreshedByUs(core, dialog, answer);
  };
  const send = () =>
    withDialogTarget(
      dialog,
      (target) => {
        dialog.openInvite = core.endpoint.sendRequest(invite, target, {
          onResponse: ({ message }) => answered(message),
          onError: (error) => failed(error.message),
        });
      },
      (error) => failed(error.message),
    );
  try {
    send();
  } catch (error) {
    failed((error as Error).message);
  }
}
