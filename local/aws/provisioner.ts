import type { Assets, ProvisionedResource } from './assets/assets.ts';
import { UnsupportedError } from './http/errors.ts';
import { refusalsOf } from './refusals/rules.ts';
import { resourceTypes } from './resource-types.ts';
import { type ResolvedStack, resolveTemplate, type Template } from './template.ts';

/** A service, which makes itself what the resources say: what is new is made, what is gone ends, the rest stays. */
export interface Service {
  /** @throws UnsupportedError for what it cannot play */
  provision: (resources: readonly ProvisionedResource[]) => Promise<void> | void;
}

export interface StackSource {
  name: string;
  template: Template;
  assets: Assets;
  /** Its ARN, where CloudFormation has given it one. */
  id?: string;
}

interface ExistingStack extends ResolvedStack {
  resources: ProvisionedResource[];
}

/** What failed could not be undone either. */
export class RollbackError extends Error {
  override readonly name = 'RollbackError';
}

const isSame = (one: ProvisionedResource, other: ProvisionedResource) =>
  one.type === other.type && one.ref === other.ref;

/** Makes the local cloud out of the templates of its stacks: the one way by which resources come and go. */
export class Provisioner {
  readonly #services: readonly Service[];
  readonly #endpoint: string;
  #stacks = new Map<string, ExistingStack>();
  /** What stayed when its stack went. A stack that has it again takes it over. */
  #retained: ProvisionedResource[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * @param services in the order in which they need each other
   * @param endpoint the address of the local cloud, which some resources are called by
   */
  constructor(services: readonly Service[], endpoint: string) {
    this.#services = services;
    this.#endpoint = endpoint;
  }

  /**
   * Makes a stack, or makes it what its template says now. Where that fails, all is again as it was.
   * @throws UnsupportedError naming what the template asks and the local cloud has not, RollbackError
   */
  put({ name, template, assets, id }: StackSource): Promise<ResolvedStack> {
    return this.#inTurn(async () => {
      const resolved = resolveTemplate(name, template, resourceTypes(name, this.#endpoint), id);
      const resources = resolved.resources.map((resource) => ({ ...resource, assets }));
      this.#checkNames(name, resources);
      const [refused] = refusalsOf(resources);
      if (refused) throw new UnsupportedError(refused.says, refused.logicalId);
      const stack = { ...resolved, resources };
      const staying = this.#staying(name, resources);
      await this.#become(
        new Map(this.#stacks).set(name, stack),
        [...this.#retained, ...staying].filter((kept) => !resources.some((made) => isSame(made, kept))),
      );
      return stack;
    });
  }

  /** Ends a stack; what its template retains stays. */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const stacks = new Map(this.#stacks);
      stacks.delete(name);
      await this.#become(stacks, [...this.#retained, ...this.#staying(name, [])]);
    });
  }

  /** The resources that a stack has no more and that stay nevertheless. */
  #staying(name: string, now: readonly ProvisionedResource[]): ProvisionedResource[] {
    const before = this.#stacks.get(name)?.resources ?? [];
    return before.filter((one) => one.retained && !now.some((other) => isSame(one, other)));
  }

  async #become(stacks: Map<string, ExistingStack>, retained: ProvisionedResource[]): Promise<void> {
    try {
      await this.#provision(stacks, retained);
    } catch (error) {
      await this.#goBack(error as Error);
      throw error;
    }
    this.#stacks = stacks;
    this.#retained = retained;
  }

  async #goBack(reason: Error): Promise<void> {
    try {
      await this.#provision(this.#stacks, this.#retained);
    } catch (error) {
      throw new RollbackError(`${reason.message}; going back failed: ${(error as Error).message}`);
    }
  }

  async #provision(
    stacks: Map<string, ExistingStack>,
    retained: readonly ProvisionedResource[],
  ): Promise<void> {
    const resources = [...[...stacks.values()].flatMap((stack) => stack.resources), ...retained];
    for (const service of this.#services) await service.provision(resources);
  }

  #checkNames(name: string, resources: readonly ProvisionedResource[]): void {
    for (const stack of this.#stacks.values()) {
      if (stack.name === name) continue;
      const other = resources.find(
        (one) => one.ref !== one.logicalId && stack.resources.some((two) => isSame(one, two)),
      );
      if (other)
        throw new UnsupportedError(`${other.ref} already exists in stack ${stack.name}`, other.logicalId);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
