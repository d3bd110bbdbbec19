import type { SynthesizedStack } from '../../../local/aws/assets/assets.ts';
import { resourceTypes } from '../../../local/aws/resource-types.ts';
import { resolveTemplate, type Template } from '../../../local/aws/template.ts';
import { until } from '../../support/until.ts';
import { runChecks } from './checks/checks.ts';
import { ControlPlane } from './control-plane.ts';
import type { Mutation } from './mutations.ts';
import { realStack, type Subject, settings, startSubject } from './subject.ts';
import { orderFor, type Usage, usageOfChecks } from './usage.ts';

/*
 * Whether the checks notice a fault of the template, and name it. One cloud runs on: each faulty template is deployed
 * to it as an update, so that only what is at fault starts anew.
 */

async function failureOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export class Noticing {
  readonly stack: SynthesizedStack;
  readonly #subject: Subject;
  readonly #usages: readonly Usage[];

  /** @throws Error of the first check that fails with the template as it is */
  static async start(): Promise<Noticing> {
    const stack = await realStack();
    const subject = await startSubject(stack, stack.template);
    return new Noticing(stack, subject, await usageOfChecks(subject.plane, settings));
  }

  private constructor(stack: SynthesizedStack, subject: Subject, usages: readonly Usage[]) {
    this.stack = stack;
    this.#subject = subject;
    this.#usages = usages;
  }

  close(): Promise<void> {
    return this.#subject.stop();
  }

  /** @returns why a template cannot be deployed, or undefined where it can */
  refusal(template: Template): string | undefined {
    try {
      resolveTemplate(this.stack.name, template, resourceTypes(this.stack.name));
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** @returns what the checks say of the faulty template, or what the local cloud refuses of it */
  failure(mutation: Mutation): Promise<string | undefined> {
    return failureOf(async () => {
      const { cloud } = this.#subject.plane;
      const stack = await cloud.deploy({ ...this.stack, template: mutation.template });
      cloud.buses.stop();
      const plane = new ControlPlane({ ...cloud, stack });
      try {
        await runChecks(plane, settings, orderFor(mutation, this.#usages));
      } finally {
        plane.close();
        await until('what was begun is done', () => cloud.events.open === 0);
      }
    });
  }

  /** As `failure`, on a cloud of its own: for a table that differs, which none can become by an update. */
  failureFromScratch(mutation: Mutation): Promise<string | undefined> {
    return failureOf(async () => {
      const { plane, stop } = await startSubject(this.stack, mutation.template);
      try {
        await runChecks(plane, settings, orderFor(mutation, this.#usages));
      } finally {
        await stop();
      }
    });
  }

  /** @returns what should have been noticed and was not, or was noticed without being named */
  async unnoticed(mutations: readonly Mutation[]): Promise<string[]> {
    const found: string[] = [];
    for (const mutation of mutations) {
      const failure = await this.failure(mutation);
      if (failure === undefined) found.push(`${mutation.name}: not noticed`);
      else if (!mutation.names.every((name) => failure.includes(name))) {
        found.push(`${mutation.name}: noticed, but not named: ${failure}`);
      }
    }
    return found;
  }
}
