/**
 * Starts a deadline of so many milliseconds. Its signal fires earlier if `outer` does: with a `TimeoutError` when the time
 * is over, with an `AbortError` when `outer` has fired.
 *
 * `AbortSignal.timeout` cannot be ended, and on Node 24 `AbortSignal.any` may lose a source that the garbage collector
 * takes (nodejs/node#65995).
 */
export function startDeadline(milliseconds: number, outer?: AbortSignal) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const expire = () => controller.abort(new DOMException('the deadline has passed', 'TimeoutError'))
  const timer = setTimeout(expire, milliseconds)
  outer?.addEventListener('abort', abort, { once: true })
  if (outer?.aborted) abort()
  return {
    signal: controller.signal,
    /** Ends the deadline with the work: the signal never fires from now on, and holds nothing in memory. */
    end(): void {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}

/** Runs work under a deadline, as `startDeadline` makes it. Work that does not look at the signal is not cut off. */
export async function withDeadline<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const { signal, end } = startDeadline(milliseconds, outer)
  try {
    return await work(signal)
  } finally {
    end()
  }
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it fires. The work itself goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  work.then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', abort))
}
