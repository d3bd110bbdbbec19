import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Srf } from '../../../../sip-edge/drachtio/srf.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import { unawaited } from '../../../support/unawaited.ts';
import { answer, Scene } from './call.ts';
import { type App, connectApp, startUnderTest, type UnderTest } from './under-test.ts';

/** What the tests of a file share: one server. Each has a scene of its own, and the applications that it connects. */
export class Suite {
  server!: UnderTest;
  readonly #scenes: Scene[] = [];
  readonly #apps: App[] = [];

  /** Registers the hooks that start the server and end everything. */
  constructor() {
    beforeAll(async () => {
      this.server = await startUnderTest();
    });
    afterAll(() => this.server?.stop());
    afterEach(async () => {
      for (const app of this.#apps.splice(0)) app.kill();
      await Promise.all(this.#scenes.splice(0).map((scene) => scene.close()));
    });
  }

  async scene(transport: Transport): Promise<Scene> {
    const scene = await Scene.open(this.server, transport);
    this.#scenes.push(scene);
    return scene;
  }

  /** Connects an application. @param prepare registers its handlers */
  async connect(prepare: (srf: Srf) => void = () => {}): Promise<App> {
    const app = await connectApp(this.server, prepare);
    this.#apps.push(app);
    return app;
  }

  /** Connects an application that takes each call. @returns why those that are over ended */
  async answering(): Promise<string[]> {
    const reasons: string[] = [];
    await this.connect((srf) =>
      srf.invite(
        unawaited(async (request, response) => {
          const uas = await srf.createUAS(request, response, { localSdp: answer });
          uas.on('destroy', (_bye, reason) => reasons.push(reason));
        }),
      ),
    );
    return reasons;
  }

  /** A scene whose two sides an application bridges. */
  async bridged(transport: Transport): Promise<{ scene: Scene; app: App }> {
    const scene = await this.scene(transport);
    return { scene, app: await this.connect((srf) => scene.bridge(srf)) };
  }
}
