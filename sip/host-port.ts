import { isIPv6 } from 'node:net';

export interface HostPort {
  /** Without the brackets of an IPv6 reference. */
  host: string;
  port?: number;
}

/*
 * A host name or an IPv4 address. RFC 1123 forbids underscores, and networks have them all the same: what such a host
 * means is clear.
 */
const hostPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?$/;

/** @returns host and port of `host`, `host:port`, `[v6]:port`, blanks around the colon allowed; undefined where malformed */
export function parseHostPort(text: string): HostPort | undefined {
  let host = text;
  let portText: string | undefined;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return undefined;
    host = text.slice(1, close);
    if (!isIPv6(host)) return undefined;
    const rest = text.slice(close + 1).trim();
    if (rest !== '') {
      if (!rest.startsWith(':')) return undefined;
      portText = rest.slice(1).trim();
    }
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon).trimEnd();
      portText = text.slice(colon + 1).trimStart();
    }
    if (!hostPattern.test(host)) return undefined;
  }
  if (portText === undefined) return { host };
  if (!/^\d{1,5}$/.test(portText)) return undefined;
  const port = Number(portText);
  return port < 1 || port > 65535 ? undefined : { host, port };
}

/** @returns `host:port`, IPv6 in brackets */
export function formatHostPort(host: string, port?: number): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}
