import { gatewayDoor } from '../../../contracts/api/routes.ts';
import type { CallDetail } from '../../../contracts/api/views.ts';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import { passwordOf } from '../../../lambdas/functions/api/gateways/password.ts';
import type { ApiRequest } from '../../support/api-event.ts';
import { reportingGateway as gateway } from '../../support/sip-media-gateway-report.ts';
import { ask, get, reportSecret } from './api.ts';
import { world } from './use-world.ts';

/* A gateway that tells how the media of its calls went, over the world of the test that runs. */

/** When the gateway of the captured report says its call was over. */
export const overAt = Date.parse('2026-11-30T15:33:03Z');
export const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** As SIPMediaGW posts it. */
export async function push(raw: string, request: ApiRequest & { by?: string } = {}) {
  const { by = gateway, headers, ...more } = request;
  const { statusCode, body } = await ask('/media-reports', {
    door: gatewayDoor,
    method: 'POST',
    authorizer: undefined,
    raw,
    headers: {
      'content-type': 'application/json',
      accept: 'text/plain',
      authorization: basic(by, passwordOf(by, reportSecret)),
      ...headers,
    },
    ...more,
  });
  return { statusCode, body: JSON.parse(body) };
}

export const detailOf = (callId: string) => get<CallDetail>(`/calls/${pathIdOf({ callId })}`);

/** A call of the gateway that is answered 24 s before it is over. */
export async function upCall(callId: string, more: object = {}): Promise<void> {
  world.nowMs = overAt - 25_000;
  await world.register({ username: gateway, registrationId: `reg-${callId}` });
  await world.grant({ callId, gateway });
  world.pass(1);
  await world.say(world.answered(callId, gateway, more));
  world.nowMs = overAt;
}

export const end = (callId: string, more: object = {}) => world.say(world.ended(callId, gateway, more));
