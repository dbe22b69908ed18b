/** Exit codes of the commands. */
export const exits = { done: 0, failed: 1, usage: 2, notFound: 3, refused: 4 } as const

/** A problem that the user can do something about. Its message is printed without a stack. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly exit: number

  constructor(message: string, exit: number = exits.failed) {
    super(message)
    this.exit = exit
  }
}

/** A problem that may pass: the server cannot be reached, or cannot answer now. */
export class TemporaryProblem extends Problem {}
