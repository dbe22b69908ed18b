/** Settles as `work` does, or rejects with the signal's reason as soon as it fires. `work` itself goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  work.then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', abort))
}
