import { useTestTable } from '../../support/use-test-table.ts';
import { type FleetOptions, FleetWorld } from './fleet-world.ts';

/** The pools of a file's tests, each over a table of its own. */
export class FleetSuite {
  readonly #engine = useTestTable();

  async open(options?: FleetOptions): Promise<FleetWorld> {
    return new FleetWorld(this.#engine.client, await this.#engine.createTable(), options);
  }

  /** A pool whose free gateways are registered. */
  async settled(options?: FleetOptions): Promise<{ world: FleetWorld; gateways: string[] }> {
    const world = await this.open(options);
    await world.run();
    return { world, gateways: await world.registerAll() };
  }
}
