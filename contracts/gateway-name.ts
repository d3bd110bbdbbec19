/** The parts of a gateway's username, `{prefix}.{name}.{id}` (shared flow: `10.0.0.7.mediagw.3`). */
export interface GatewayName {
  /** Makes the username unique: a host's address (dots allowed), or the id of the task that runs the gateway. */
  prefix: string;
  /** The same for all gateways of a deployment, `mediagw` unless set otherwise. */
  name: string;
  /** Number or word that tells gateways of one host apart. No dots. */
  id: string;
}

const partPattern = /^[A-Za-z0-9_-]+$/;
const prefixPattern = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const maxUsernameLength = 128;

/** @returns `{prefix}.{name}.{id}` */
export function formatGatewayName(parts: GatewayName): string {
  return `${parts.prefix}.${parts.name}.${parts.id}`;
}

/**
 * Reads a username as a gateway's.
 * @param username the user part of a SIP URI, unescaped
 * @param name the deployment's gateway name, e.g. `mediagw`
 * @returns the parts, or undefined where the username is not of the template
 */
export function parseGatewayName(username: string, name: string): GatewayName | undefined {
  if (username.length > maxUsernameLength) return undefined;
  const idAt = username.lastIndexOf('.');
  if (idAt < 0) return undefined;
  const id = username.slice(idAt + 1);
  const rest = username.slice(0, idAt);
  if (!rest.endsWith(`.${name}`)) return undefined;
  const prefix = rest.slice(0, -(name.length + 1));
  if (!partPattern.test(id) || !prefixPattern.test(prefix)) return undefined;
  return { prefix, name, id };
}

/** An ECS task id: 32 hex digits (the last part of a task's ARN). */
const taskIdPattern = /^[0-9a-f]{32}$/;

/** @returns the id of the ECS task behind a gateway, or undefined for an unmanaged gateway (never stopped by us). */
export function taskIdOf(gateway: GatewayName): string | undefined {
  return taskIdPattern.test(gateway.prefix) ? gateway.prefix : undefined;
}
