import { afterAll, afterEach, beforeAll } from 'vitest';
import { type SipServer, startSipServer } from '../../../support/sip-server.ts';
import { Scene, type SceneOptions } from './scene.ts';

/** What the tests of a file share: one SIP server. The scene of each is closed after it. */
export class Suite {
  server!: SipServer;
  #scene: Scene | undefined;

  /** Registers the hooks that start the server and end everything. */
  constructor() {
    beforeAll(async () => {
      this.server = await startSipServer();
    });
    afterAll(() => this.server?.stop());
    afterEach(async () => {
      await this.#scene?.close();
      this.#scene = undefined;
    });
  }

  /** @returns a scene with the control plane in memory */
  async open(options: SceneOptions = {}): Promise<Scene> {
    this.#scene = await Scene.open(this.server, options);
    return this.#scene;
  }
}
