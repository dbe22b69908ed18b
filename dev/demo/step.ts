/** A step of the demo failed. The message is the reason. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.step = step
  }
}

/**
 * Runs a step. An error in it becomes a `StepFailed` with the name of the step.
 *
 * @throws StepFailed
 */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new StepFailed(name, error)
  }
}

/** @throws Error with the message `otherwise` unless `holds` */
export function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
