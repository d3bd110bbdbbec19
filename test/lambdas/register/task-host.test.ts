import { describe, expect, it } from 'vitest';
import { usernameOf } from '../../../lambdas/functions/fleet/deps.ts';
import { FleetSuite } from '../fleet/suite.ts';
import { peer } from '../support/world.ts';

const suite = new FleetSuite();

const here = { ...peer, address: '10.0.3.4' };
const elsewhere = { ...peer, address: '10.0.3.5' };
const refused = { result: 'refused', reason: 'not-its-address' };
const held = (contacts = 1) =>
  expect.objectContaining({ result: 'bindings', contacts: Array(contacts).fill(expect.anything()) });

/** A gateway whose task runs, and of which ECS has told where. */
async function running(addresses?: string[]) {
  const world = await suite.open({ minFree: 1 });
  await world.run();
  const { taskId } = world.ecs.only;
  await world.event(world.ecs.change(taskId, { lastStatus: 'RUNNING', ...(addresses && { addresses }) }));
  return { world, username: usernameOf(taskId, world.fleet) };
}

// Whoever knows the secret of the gateways could be any of them.
describe('a gateway that ECS runs', () => {
  it('registers from where its task runs', async () => {
    const { world, username } = await running([here.address]);
    expect(await world.register({ username, received: here })).toEqual(held());
    const otherPort = { ...here, port: 5071 };
    expect(await world.register({ username, cseq: 2, received: otherPort })).toEqual(held());
  });

  it('cannot be registered from elsewhere, neither before it has registered nor in its place', async () => {
    const { world, username } = await running([here.address]);
    expect(await world.register({ username, received: elsewhere })).toEqual(refused);
    await world.register({ username, received: here });
    const stolen = { username, registrationId: 'of-another', received: elsewhere };
    expect(await world.register(stolen)).toEqual(refused);
    expect(await world.register({ ...stolen, registrationId: 'reg-1', cseq: 2, isKnown: true })).toEqual(
      refused,
    );
    expect(await world.gateway(username)).toMatchObject({ received: here });
  });

  it('cannot be removed from elsewhere, also by who knows its Call-ID', async () => {
    const { world, username } = await running([here.address]);
    await world.register({ username, received: here });
    expect(await world.unregister({ username, registrationId: 'of-another', received: elsewhere })).toEqual(
      refused,
    );
    expect(await world.unregister({ username, received: elsewhere })).toEqual(refused);
    expect(await world.gateway(username)).toBeDefined();
    expect(await world.unregister({ username, received: here })).toEqual(held(0));
  });

  it('with the network of its host, of which ECS tells nothing, registers from anywhere', async () => {
    const { world, username } = await running();
    expect(await world.register({ username, received: elsewhere })).toEqual(held());
  });
});

it('a gateway of others registers from anywhere', async () => {
  const { world } = await running([here.address]);
  expect(await world.register({ username: '10.0.0.7.mediagw.1', received: elsewhere })).toEqual(held());
});
