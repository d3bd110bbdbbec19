/** An error as an AWS service answers it: the SDK makes a typed exception out of its code. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** Exception name, e.g. `ResourceNotFoundException`. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The template asks for what the local cloud does not have. Said at start, never skipped. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}
