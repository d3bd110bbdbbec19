import { afterEach } from 'vitest';
import { useSipServer } from '../../../support/use-sip-server.ts';
import { useTestTable } from '../../../support/use-test-table.ts';
import { TableWorld } from '../../support/table-world.ts';
import { Scene, type SceneOptions } from './scene.ts';

/** As `Suite`, with the functions' own code and a real table behind the edge. */
export class TableSuite {
  readonly server = useSipServer();
  readonly #engine = useTestTable();
  #scene: Scene<TableWorld> | undefined;

  /** Registers the hook that ends everything. */
  constructor() {
    afterEach(async () => {
      await this.#scene?.world.settled();
      await this.#scene?.close();
      // An edge that is ended so may say a last fact.
      await this.#scene?.world.settled();
      this.#scene = undefined;
    });
  }

  async open(options: SceneOptions = {}): Promise<Scene<TableWorld>> {
    const world = new TableWorld(this.#engine.client, await this.#engine.createTable());
    this.#scene = await Scene.openIn(world, this.server, { transport: 'tcp', ...options });
    return this.#scene;
  }
}
