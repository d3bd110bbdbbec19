import { type AnswerCode, answerCodes } from '../../../contracts/api/answer-codes.ts';
import { type Problem, type ProblemType, problems } from '../../../contracts/api/common.ts';

/** What is said of one request. `detail`: for people, where it is more than its code says. */
interface Said {
  code?: AnswerCode;
  detail?: string;
  errors?: Problem['errors'];
}

/** Why a request is not served, as the API tells it (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly type: ProblemType;
  readonly #said: Said;

  constructor(type: ProblemType, said: Said = {}) {
    super(said.detail ?? (said.code && answerCodes[said.code]) ?? type);
    this.type = type;
    this.#said = said;
  }

  get status(): number {
    return problems[this.type][0];
  }

  get body(): Problem {
    const [status, title] = problems[this.type];
    const { code, errors } = this.#said;
    return {
      type: `urn:switchroom:problem:${this.type}`,
      title,
      status,
      ...(this.message !== this.type && { detail: this.message }),
      ...(code && { code }),
      ...(errors && { errors }),
    };
  }
}
