import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Assets } from '../assets/assets.ts';
import type { Buckets } from '../assets/s3.ts';
import { AwsError } from '../http/errors.ts';
import { textIn } from '../http/query.ts';
import { arn } from '../identity.ts';
import type { JsonObject } from '../template.ts';
import { changesBetween, emptyTemplate, type ResourceChange } from './changes.ts';
import { readDeployment } from './deployment.ts';
import type { Deployment, Stack } from './stack.ts';
import type { Stacks } from './stacks.ts';

export interface ChangeSet {
  name: string;
  /** Its ARN. */
  id: string;
  stack: Stack;
  description: string | undefined;
  createdAt: Date;
  deployment: Deployment;
  changes: ResourceChange[];
  /** `FAILED` where there is nothing to change. */
  status: 'CREATE_COMPLETE' | 'FAILED';
  executionStatus: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_COMPLETE';
}

export const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

export interface ChangeSetsOptions {
  stacks: Stacks;
  buckets: Buckets;
  /** The files that deployments upload. */
  assets: Assets;
}

const canOnlyBeDeleted = new Set([
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'UPDATE_ROLLBACK_FAILED',
  'DELETE_FAILED',
]);

/** Change sets: what a deployment would change, computed before anything is. */
export class ChangeSets {
  readonly #options: ChangeSetsOptions;
  #changeSets: ChangeSet[] = [];

  constructor(options: ChangeSetsOptions) {
    this.#options = options;
  }

  /** @throws AwsError ValidationError, AlreadyExistsException */
  create(request: JsonObject): ChangeSet {
    const name = textIn(request, 'ChangeSetName');
    const stack = this.#stackFor(request);
    const before = stack?.deployment;
    const deployment = readDeployment(request, before, this.#options);
    const changes = changesBetween(before?.template ?? emptyTemplate, deployment.template);
    if (stack && this.#changeSets.some((one) => one.stack === stack && one.name === name)) {
      throw new AwsError('AlreadyExistsException', `ChangeSet ${name} already exists`);
    }
    const isEmpty = before !== undefined && isDeepStrictEqual(contentOf(before), contentOf(deployment));
    const changeSet: ChangeSet = {
      name,
      id: arn('cloudformation', `changeSet/${name}/${randomUUID()}`),
      stack: stack ?? this.#newStack(textIn(request, 'StackName')),
      description: request.Description as string | undefined,
      createdAt: new Date(),
      deployment,
      changes,
      status: isEmpty ? 'FAILED' : 'CREATE_COMPLETE',
      executionStatus: isEmpty ? 'UNAVAILABLE' : 'AVAILABLE',
    };
    this.#changeSets.push(changeSet);
    return changeSet;
  }

  /** @throws AwsError ChangeSetNotFound, and ValidationError for an unknown stack */
  get(request: JsonObject): ChangeSet {
    const found = this.#find(request);
    if (found) return found;
    throw new AwsError('ChangeSetNotFound', `ChangeSet [${request.ChangeSetName}] does not exist`, 404);
  }

  of(stack: Stack): ChangeSet[] {
    return this.#changeSets.filter((one) => one.stack === stack);
  }

  /** Deletes it, if it is there at all, as CloudFormation has it. */
  delete(request: JsonObject): void {
    const found = this.#find(request);
    this.#changeSets = this.#changeSets.filter((one) => one !== found);
  }

  #find(request: JsonObject): ChangeSet | undefined {
    const nameOrId = textIn(request, 'ChangeSetName');
    const stackName = request.StackName;
    const stack = typeof stackName === 'string' ? this.#options.stacks.get(stackName) : undefined;
    return this.#changeSets.find(
      (one) => one.id === nameOrId || (one.name === nameOrId && one.stack === stack),
    );
  }

  /**
   * Begins to make the stack what the change set says; its events tell how it goes.
   * @throws AwsError InvalidChangeSetStatus
   */
  execute(changeSet: ChangeSet): void {
    const { stack, deployment, id, name } = changeSet;
    if (changeSet.executionStatus !== 'AVAILABLE' || stack.busy) {
      throw new AwsError(
        'InvalidChangeSetStatus',
        `ChangeSet [${name}] cannot be executed in its current status of [${changeSet.status}]`,
      );
    }
    changeSet.executionStatus = 'EXECUTE_COMPLETE';
    stack.changeSetId = id;
    // The others were computed on what is no more.
    this.#changeSets = this.#changeSets.filter((one) => one.stack !== stack || one === changeSet);
    void this.#options.stacks.deploy(stack, deployment);
  }

  #stackFor(request: JsonObject): Stack | undefined {
    const name = textIn(request, 'StackName');
    const stack = this.#options.stacks.find(name);
    const isNew = !stack || stack.status === 'REVIEW_IN_PROGRESS';
    if (request.ChangeSetType === 'CREATE' && !isNew) {
      throw new AwsError(
        'AlreadyExistsException',
        `Stack [${name}] already exists and cannot be created again.`,
      );
    }
    if (request.ChangeSetType !== 'CREATE' && isNew) {
      throw new AwsError('ValidationError', `Stack [${name}] does not exist`);
    }
    if (stack && (stack.busy || canOnlyBeDeleted.has(stack.status))) {
      throw new AwsError(
        'ValidationError',
        `Stack:${stack.id} is in ${stack.status} state and can not be updated.`,
      );
    }
    return stack;
  }

  #newStack(name: string): Stack {
    const stack = this.#options.stacks.create(name);
    stack.enter('REVIEW_IN_PROGRESS', 'User Initiated');
    return stack;
  }
}

/** What makes two deployments the same: not how the template is spelt, nor where its files are. */
const contentOf = ({ template, parameters, tags }: Deployment) => ({ template, parameters, tags });
