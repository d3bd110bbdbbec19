import { randomUUID } from 'node:crypto';
import type { Assets } from '../assets/assets.ts';
import { arn } from '../identity.ts';
import type { Template } from '../template.ts';

export interface Tag {
  Key: string;
  Value: string;
}

/** What a stack is made of. */
export interface Deployment {
  /** As it was handed in. */
  body: string;
  /** With the values of its parameters in the place of their defaults. */
  template: Template;
  parameters: Readonly<Record<string, string>>;
  tags: readonly Tag[];
  assets: Assets;
}

export interface StackEvent {
  id: string;
  at: Date;
  logicalId: string;
  physicalId: string;
  type: string;
  status: string;
  reason?: string | undefined;
}

/** A resource as it stands, by its last event. */
export type ResourceState = Omit<StackEvent, 'id'>;

const stackType = 'AWS::CloudFormation::Stack';

/** One stack, what happened to it, and what it has. */
export class Stack {
  readonly name: string;
  /** Its ARN. */
  readonly id: string;
  readonly createdAt = new Date();
  changedAt: Date | undefined;
  deletedAt: Date | undefined;
  description: string | undefined;
  status = 'REVIEW_IN_PROGRESS';
  statusReason: string | undefined;
  /** Termination protection. */
  isProtected = false;
  /** What it is made of. */
  deployment: Deployment | undefined;
  /** What it is being made of, or could not be made of at first. */
  attempted: Deployment | undefined;
  outputs: Readonly<Record<string, string>> = {};
  changeSetId: string | undefined;
  /** Oldest first. */
  readonly events: StackEvent[] = [];
  readonly #resources = new Map<string, ResourceState>();

  constructor(name: string) {
    this.name = name;
    this.id = arn('cloudformation', `stack/${name}/${randomUUID()}`);
  }

  get resources(): ResourceState[] {
    return [...this.#resources.values()];
  }

  /** Whether something is being done to it. */
  get busy(): boolean {
    return this.status.endsWith('_IN_PROGRESS') && this.status !== 'REVIEW_IN_PROGRESS';
  }

  /** Enters a status, and says so as an event. */
  enter(status: string, reason?: string): void {
    this.status = status;
    this.statusReason = reason;
    this.#say({ logicalId: this.name, physicalId: this.id, type: stackType, status, reason });
  }

  /** Says what becomes of a resource. */
  say(logicalId: string, type: string, status: string, physicalId?: string, reason?: string): void {
    const known = physicalId ?? this.#resources.get(logicalId)?.physicalId ?? '';
    const { id: _, ...state } = this.#say({ logicalId, physicalId: known, type, status, reason });
    if (status === 'DELETE_COMPLETE' || status === 'DELETE_SKIPPED') this.#resources.delete(logicalId);
    else this.#resources.set(logicalId, state);
  }

  #say(event: Omit<StackEvent, 'id' | 'at'>): StackEvent {
    // No two at once: whoever reads them orders them by their time.
    const last = this.events.at(-1)?.at.getTime() ?? 0;
    const said = { id: randomUUID(), at: new Date(Math.max(Date.now(), last + 1)), ...event };
    this.events.push(said);
    return said;
  }
}
