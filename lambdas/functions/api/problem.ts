import { type Problem, type ProblemType, problems } from '../../../contracts/api/common.ts';

/** Why a request is not served, as the API tells it (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly type: ProblemType;
  readonly errors: Problem['errors'];

  /** @param detail for people, of this one request */
  constructor(type: ProblemType, detail?: string, errors?: Problem['errors']) {
    super(detail ?? type);
    this.type = type;
    this.errors = errors;
  }

  get status(): number {
    return problems[this.type][0];
  }

  get body(): Problem {
    const [status, title] = problems[this.type];
    return {
      type: `urn:switchroom:problem:${this.type}`,
      title,
      status,
      ...(this.message !== this.type && { detail: this.message }),
      ...(this.errors && { errors: this.errors }),
    };
  }
}
