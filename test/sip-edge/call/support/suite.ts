import { afterEach } from 'vitest';
import type { SipServer, SipServerOptions } from '../../../support/sip-server.ts';
import { useSipServer } from '../../../support/use-sip-server.ts';
import { Scene, type SceneOptions } from './scene.ts';

/** What the tests of a file share: one SIP server. The scene of each is closed after it. */
export class Suite {
  readonly server: SipServer;
  #scene: Scene | undefined;

  /** Registers the hook that ends everything. @param options of the SIP server */
  constructor(options: SipServerOptions = {}) {
    this.server = useSipServer(options);
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
