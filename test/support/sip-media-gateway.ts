import { runInNewContext } from 'node:vm';

/*
 * What SIPMediaGW 1.8.5 makes of a call, by the rules of its parsers: written anew from what they do, none of it theirs.
 */

/** Its event handler, on the display name of the From. It counts in code points. */
export function readByGateway(peerDisplayName: string): { mixedId?: string; displayName: string } {
  const dash = peerDisplayName.indexOf('-');
  const digits = peerDisplayName.slice(0, Math.max(dash, 0));
  if (!/^\d+$/.test(digits)) return { displayName: peerDisplayName };
  const characters = [...peerDisplayName.slice(dash + 1)];
  const length = Number(digits);
  return { mixedId: characters.slice(0, length).join(''), displayName: characters.slice(length).join('') };
}

/**
 * The caller's name on its way into the conference: as JSON of baresip without its backslashes, then a parameter of a URL
 * as it stands, and what the page reads of that between quotes in a line of JavaScript.
 * @throws where one of the three cannot read it
 */
export function nameInConference(displayName: string): unknown {
  const json = JSON.stringify({ peerdisplayname: displayName });
  const message = `${json.length}:${json},`;
  const body = message.split(`${json.length}:`)[1] ?? '';
  const event = JSON.parse(body.slice(0, -1).replaceAll('\\"', "'").replaceAll('\\', ''));
  const url = new URL(`file:///var/browsing/assets/IVR/index.html?displayName=${event.peerdisplayname}`);
  return runInNewContext(`'${url.searchParams.get('displayName')}'`, {});
}

export interface Typed {
  /** Index into WEBRTC_DOMAINS, from 1. None: its menu asks for it, where there are several. */
  platform?: number;
  /** None: its menu asks for it. */
  room?: string;
}

/** Its menu, on `mixedId`: each character is typed, as if on the keys of the caller. */
export function typedByGateway(mixedId: string): Typed {
  const parts = mixedId.split(/[#.]/);
  const [platform, room] = /^[1-9]$/.test(mixedId) ? [mixedId] : parts.length === 2 ? parts : ['', mixedId];
  return {
    ...(/^[1-9]$/.test(platform ?? '') && { platform: Number(platform) }),
    ...(room && !/^[0-9]$/.test(room) && { room: typed(room) }),
  };
}

function typed(keys: string): string {
  let entered = '';
  for (const key of keys) {
    if (key === '#') break;
    if (key === '*') entered = entered.slice(0, -1);
    else if (/^[A-Za-z0-9_/-]$/.test(key)) entered += key;
  }
  return entered;
}
