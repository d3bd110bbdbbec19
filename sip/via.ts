import { type HostPort, parseHostPort } from './host-port.ts';
import { endOfPart, type Params, parseParams } from './parameters.ts';

/** One hop of a Via (RFC 3261 20.42). */
export interface Via extends HostPort {
  /** `UDP`, `TCP`, … in upper case. */
  protocol: string;
  params: Params;
}

/** @returns where the first hop of a Via line ends */
export function endOfFirstHop(line: string): number {
  return endOfPart(line, 0, ',');
}

/** @returns the first hop of a Via line, whatever version of SIP it says, or undefined where it is malformed */
export function parseVia(line: string): Via | undefined {
  const hop = line.slice(0, endOfFirstHop(line));
  const semicolon = hop.indexOf(';');
  const sent = semicolon < 0 ? hop : hop.slice(0, semicolon);
  const match = /^\s*SIP\s*\/\s*\d+\.\d+\s*\/\s*([A-Za-z0-9-]+)\s+(\S(?:.*\S)?)\s*$/i.exec(sent);
  if (!match) return undefined;
  const hostPort = parseHostPort(match[2] as string);
  if (!hostPort) return undefined;
  const params: Params = semicolon < 0 ? new Map() : parseParams(hop, semicolon);
  return { protocol: (match[1] as string).toUpperCase(), ...hostPort, params };
}
