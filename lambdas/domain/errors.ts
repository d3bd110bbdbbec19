/*
 * Errors that leave a function. Their names reach the invoker as Lambda's `errorType`; the edge answers each of
 * them with 503, an operator finds them by name in the log.
 */

/** The table throttles, does not answer, or fails: asking again later may help. */
export class TableUnavailable extends Error {
  override readonly name = 'TableUnavailable';
}

/** Others kept changing the same items, also after the bounded number of retries. */
export class TableContention extends Error {
  override readonly name = 'TableContention';
}

/** The invoker sent something that is not in the contract: a defect of ours, or a version that does not fit. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

/** An environment variable is missing or wrong. */
export class InvalidEnvironment extends Error {
  override readonly name = 'InvalidEnvironment';
}

/** ECS did not take our request to stop a task. The fact is delivered again, and so the task is stopped then. */
export class TaskNotStopped extends Error {
  override readonly name = 'TaskNotStopped';
}

/** The bus did not take what an operator did: it is done, and asking again tells it. */
export class NotTold extends Error {
  override readonly name = 'NotTold';
}

/** Secrets Manager does not give a secret, or it is not what it should be. */
export class SecretUnavailable extends Error {
  override readonly name = 'SecretUnavailable';
}

/** Another run of the fleet function has taken over: this one ends without a word. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** An item of the table has a shape that this code does not know: a defect, or a later version wrote it. */
export class UnreadableItem extends Error {
  override readonly name = 'UnreadableItem';
  /** The item's key. */
  readonly key: string;

  constructor(key: string, why: string) {
    super(`item ${key}: ${why}`);
    this.key = key;
  }
}
