/**
 * A deadline as a signal, whose timer ends with the work: a timer left running keeps everything alive that the work
 * has touched. Not `AbortSignal.timeout`, which cannot be ended, and which Node 24 may lose once `AbortSignal.any`
 * has combined it with others (nodejs/node#65995).
 */
export interface Deadline {
  readonly signal: AbortSignal
  /** The work is over: the signal never fires from now on. */
  end(): void
}

/** `milliseconds` from now. */
export function startDeadline(milliseconds: number): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')),
    milliseconds,
  )
  return { signal: controller.signal, end: () => clearTimeout(timer) }
}

/** Runs work that has so many milliseconds. */
export async function withDeadline<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, end } = startDeadline(milliseconds)
  try {
    return await work(signal)
  } finally {
    end()
  }
}
