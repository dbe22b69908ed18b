/** A request that the admin API refuses. It becomes an answer with a code for programs and words for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  /** Further headers of the answer. */
  readonly headers: Readonly<Record<string, string>>

  /** @param words what is wrong and what to do; they never repeat a secret */
  constructor(status: number, code: string, words: string, headers: Readonly<Record<string, string>> = {}) {
    super(words)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

export const badRequest = (words: string) => new Refusal(400, 'invalid_request', words)
export const notFound = (words: string) => new Refusal(404, 'not_found', words)
