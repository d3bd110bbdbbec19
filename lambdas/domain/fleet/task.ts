/*
 *  requested ──RunTask──> starting ──REGISTER──> registered ──StopTask──> stopping ──> stopped
 *      └── ECS will not ──> failed    └─────────── ends by itself ─────────────────────^
 *
 * A start is written down before ECS is asked for it, so that none is lost; it counts against the maximum from then
 * on, until it is stopped or has failed.
 */

export type TaskState = 'requested' | 'starting' | 'registered' | 'stopping' | 'stopped' | 'failed';

/** When each phase of a start was over, epoch milliseconds, as ECS tells it. */
export interface TaskTimes {
  createdAt?: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppedAt?: number;
}

/** The start of one gateway: item `TASK#<startId>`. */
export interface Task extends TaskTimes {
  /** Begins the client token of its RunTask, and ends the `startedBy` of its task. */
  startId: string;
  /** Rises with each write: whoever read it writes only if nobody else did since. */
  version: number;
  state: TaskState;
  /** The rule that asked for it. */
  why: string;
  /** The call at the head of the queue at that moment. */
  callId?: string;
  requestedAt: number;
  /** How often ECS has refused it: each further attempt is a request of its own, in another zone. */
  refusals: number;
  /** How often ECS was asked without saying yes or no, and when it may be asked again. */
  tries: number;
  retryAt?: number;
  taskId?: string;
  /** ECS's own version of the task, which tells old events from new ones. */
  ecsVersion?: number;
  registeredAt?: number;
  stoppingAt?: number;
  stopCode?: string;
  stopReason?: string;
  exitCode?: number;
  /** First seen running without a registration, long after it had one. */
  lapsedAt?: number;
  /** It is over, and the pool's count knows it. */
  counted?: true;
}

/** A task as ECS shows it, in an event or when asked. */
export interface EcsTask extends TaskTimes {
  taskId: string;
  /** Of a task that the fleet started. */
  startId?: string;
  lastStatus: string;
  desiredStatus: string;
  version: number;
  stopCode?: string;
  stoppedReason?: string;
  exitCode?: number;
  /** Of its own network; none where it has its host's. */
  addresses?: readonly string[];
}

/** Whether it is over: it counts no more. */
export const isOver = ({ state }: Pick<Task, 'state'>) => state === 'stopped' || state === 'failed';

export function requestedTask(
  startId: string,
  why: string,
  callId: string | undefined,
  requestedAt: number,
): Task {
  return {
    startId,
    version: 1,
    state: 'requested',
    why,
    ...(callId !== undefined && { callId }),
    requestedAt,
    refusals: 0,
    tries: 0,
  };
}

/** A task of ours that ECS has and the table does not know. */
export function foundTask(startId: string, seen: EcsTask, nowMs: number): Task {
  const task = requestedTask(startId, 'found', undefined, seen.createdAt ?? nowMs);
  return afterEcs(task, seen, nowMs);
}

export function failedTask(task: Task, reason: string, nowMs: number): Task {
  return { ...task, state: 'failed', stopReason: reason, stoppedAt: nowMs };
}

/** ECS will not do it as it was asked: it may be asked in another way. */
export function refusedTask(task: Task): Task {
  return { ...task, refusals: task.refusals + 1 };
}

/** ECS neither did nor refused it: it is asked again, by the same token, not before `retryAt`. */
export function triedTask(task: Task, retryAt: number): Task {
  return { ...task, tries: task.tries + 1, retryAt };
}

export function registeredTask(task: Task, registeredAt: number): Task {
  return { ...task, state: 'registered', registeredAt };
}

/** Its registration was told, which may have been before it was told to stop, or before it stopped. */
export function registrationTold(task: Task, registeredAt: number): Task {
  const isLeaving = isOver(task) || task.state === 'stopping';
  return isLeaving ? { ...task, registeredAt } : registeredTask(task, registeredAt);
}

/** Told to stop. */
export function stoppingTask(task: Task, reason: string, nowMs: number): Task {
  return { ...task, state: 'stopping', stopReason: reason, stoppingAt: nowMs };
}

/** The pool's count knows that it is over; it stays to be shown. */
export function countedTask(task: Task): Task {
  return { ...task, counted: true };
}

/**
 * The start after what ECS says of its task. Events come twice and late: an older one changes nothing.
 * @returns the same object where there is nothing new
 */
export function afterEcs(task: Task, seen: EcsTask, nowMs: number): Task {
  if (isOver(task) || (task.ecsVersion ?? 0) >= seen.version) return task;
  const { createdAt, pullStartedAt, pullStoppedAt, startedAt } = seen;
  const known: Task = {
    ...task,
    taskId: seen.taskId,
    ecsVersion: seen.version,
    ...(createdAt !== undefined && { createdAt }),
    ...(pullStartedAt !== undefined && { pullStartedAt }),
    ...(pullStoppedAt !== undefined && { pullStoppedAt }),
    ...(startedAt !== undefined && { startedAt }),
  };
  if (seen.lastStatus === 'STOPPED') {
    return {
      ...known,
      state: 'stopped',
      stoppedAt: seen.stoppedAt ?? nowMs,
      ...(seen.stopCode !== undefined && { stopCode: seen.stopCode }),
      ...(seen.exitCode !== undefined && { exitCode: seen.exitCode }),
      stopReason: task.stopReason ?? seen.stoppedReason ?? '',
    };
  }
  if (seen.desiredStatus === 'STOPPED' && known.state !== 'stopping') {
    return stoppingTask(known, seen.stoppedReason ?? '', nowMs);
  }
  return known.state === 'requested' ? { ...known, state: 'starting' } : known;
}

/** Whether a start that is over came to nothing. One that we ended ourselves in time says nothing about starting. */
export function hasFailed(task: Task): boolean {
  if (task.registeredAt !== undefined) return false;
  return task.state === 'failed' || task.stopReason === neverRegistered || task.stopCode !== 'UserInitiated';
}

export const neverRegistered = 'never registered';

/** How long each phase of a start took, milliseconds; those that ECS told the ends of. */
export interface StartPhases {
  queuedMs?: number;
  pullingMs?: number;
  bootingMs?: number;
  registeringMs?: number;
  totalMs?: number;
}

/** Queued: until the image is pulled. Booting: from there until the container runs. Registering: until its REGISTER. */
export function phasesOf(task: Task): StartPhases {
  const { requestedAt, pullStartedAt, pullStoppedAt, startedAt, registeredAt } = task;
  const between = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : Math.max(0, to - from);
  const phases = {
    queuedMs: between(requestedAt, pullStartedAt ?? startedAt),
    pullingMs: between(pullStartedAt, pullStoppedAt),
    bootingMs: between(pullStoppedAt, startedAt),
    registeringMs: between(startedAt, registeredAt),
    totalMs: between(requestedAt, registeredAt),
  };
  return Object.fromEntries(Object.entries(phases).filter(([, ms]) => ms !== undefined));
}
