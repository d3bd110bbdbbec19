/** What is wrong with the command line or the machine, in one line that says how to mend it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** 2 for a wrong command line, 1 for all else. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
