import { AwsError, UnsupportedError } from '../http/errors.ts';
import { type Provisioner, RollbackError } from '../provisioner.ts';
import type { ResolvedStack, Template } from '../template.ts';
import { changesBetween, emptyTemplate, type ResourceChange } from './changes.ts';
import { type Deployment, Stack } from './stack.ts';

const isRetained = (template: Template, { logicalId }: ResourceChange) =>
  template.Resources[logicalId]?.DeletionPolicy?.startsWith('Retain') ?? false;

/** The stacks of the account: made, changed and deleted by the provisioner, each step told as an event. */
export class Stacks {
  readonly #provisioner: Provisioner;
  /** By ARN. */
  readonly #stacks = new Map<string, Stack>();

  constructor(provisioner: Provisioner) {
    this.#provisioner = provisioner;
  }

  /** Those that exist. */
  all(): Stack[] {
    return [...this.#stacks.values()].filter(({ status }) => status !== 'DELETE_COMPLETE');
  }

  /** @param nameOrId a deleted stack is found by its ARN only */
  find(nameOrId: string): Stack | undefined {
    return this.#stacks.get(nameOrId) ?? this.all().find(({ name }) => name === nameOrId);
  }

  /** @throws AwsError ValidationError */
  get(nameOrId: string): Stack {
    const found = this.find(nameOrId);
    if (found) return found;
    throw new AwsError('ValidationError', `Stack with id ${nameOrId} does not exist`);
  }

  create(name: string): Stack {
    const stack = new Stack(name);
    this.#stacks.set(stack.id, stack);
    return stack;
  }

  /**
   * Makes a stack what the deployment says. Where that fails, it is made what it was before.
   * @returns what it resolved to, or why it failed; the stack's events say it too
   */
  async deploy(stack: Stack, deployment: Deployment): Promise<ResolvedStack | Error> {
    const verb = stack.deployment ? 'UPDATE' : 'CREATE';
    const before = stack.deployment?.template ?? emptyTemplate;
    const changes = changesBetween(before, deployment.template);
    const made = changes.filter(({ action }) => action !== 'Remove');
    const verbOf = ({ action }: ResourceChange) => (action === 'Add' ? 'CREATE' : 'UPDATE');

    stack.attempted = deployment;
    stack.enter(`${verb}_IN_PROGRESS`, 'User Initiated');
    for (const change of made) stack.say(change.logicalId, change.type, `${verbOf(change)}_IN_PROGRESS`);
    let resolved: ResolvedStack;
    try {
      const { template, assets } = deployment;
      resolved = await this.#provisioner.put({ name: stack.name, template, assets, id: stack.id });
    } catch (error) {
      if (stack.deployment) stack.attempted = undefined;
      rollBack(stack, made, verb, error);
      return error instanceof Error ? error : new Error(String(error));
    }
    const refs = new Map(resolved.resources.map(({ logicalId, ref }) => [logicalId, ref]));
    for (const change of made) {
      stack.say(change.logicalId, change.type, `${verbOf(change)}_COMPLETE`, refs.get(change.logicalId));
    }
    if (verb === 'UPDATE') stack.enter('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    sayGone(stack, before, changes);
    stack.deployment = deployment;
    stack.attempted = undefined;
    stack.description = deployment.template.Description;
    stack.outputs = resolved.outputs;
    stack.changedAt = new Date();
    stack.enter(`${verb}_COMPLETE`);
    return resolved;
  }

  /** Deletes a stack: what its template retains stays. */
  async delete(stack: Stack): Promise<void> {
    const template = stack.deployment?.template ?? emptyTemplate;
    const changes = changesBetween(template, emptyTemplate);
    stack.enter('DELETE_IN_PROGRESS', 'User Initiated');
    try {
      await this.#provisioner.remove(stack.name);
    } catch (error) {
      const failed = error instanceof UnsupportedError ? error.logicalId : undefined;
      const change = changes.find(({ logicalId }) => logicalId === failed);
      const { message } = error as Error;
      if (change) stack.say(change.logicalId, change.type, 'DELETE_FAILED', undefined, message);
      stack.enter(
        'DELETE_FAILED',
        change ? `The following resource(s) failed to delete: [${failed}].` : message,
      );
      return;
    }
    sayGone(stack, template, changes);
    stack.deletedAt = new Date();
    stack.enter('DELETE_COMPLETE');
  }
}

function sayGone(stack: Stack, before: Template, changes: readonly ResourceChange[]): void {
  for (const change of changes.filter(({ action }) => action === 'Remove')) {
    const status = isRetained(before, change) ? 'DELETE_SKIPPED' : 'DELETE_COMPLETE';
    stack.say(change.logicalId, change.type, status);
  }
}

/** Tells that the provisioner has undone what it had begun. */
function rollBack(
  stack: Stack,
  made: readonly ResourceChange[],
  verb: 'CREATE' | 'UPDATE',
  error: unknown,
): void {
  const reason = error instanceof Error ? error.message : String(error);
  const culprit = error instanceof UnsupportedError ? error.logicalId : undefined;
  const failed = (action: string) => (action === 'Add' ? 'CREATE_FAILED' : 'UPDATE_FAILED');
  for (const { logicalId, type, action } of made) {
    const why =
      logicalId === culprit ? reason : `Resource ${action === 'Add' ? 'creation' : 'update'} cancelled`;
    stack.say(logicalId, type, failed(action), undefined, why);
  }
  const isKnown = made.some(({ logicalId }) => logicalId === culprit);
  const word = verb === 'CREATE' ? 'create' : 'update';
  const why = isKnown ? `The following resource(s) failed to ${word}: [${culprit}].` : reason;
  const rollback = verb === 'CREATE' ? 'ROLLBACK' : 'UPDATE_ROLLBACK';
  stack.enter(`${rollback}_IN_PROGRESS`, why);
  if (error instanceof RollbackError) {
    stack.enter(`${rollback}_FAILED`, reason);
    return;
  }
  for (const { logicalId, type, action } of made) {
    stack.say(logicalId, type, action === 'Add' ? 'DELETE_COMPLETE' : 'UPDATE_COMPLETE');
  }
  stack.enter(`${rollback}_COMPLETE`);
}
