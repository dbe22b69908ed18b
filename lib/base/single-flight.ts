/** Work that concurrent callers share: it runs once for each key at a time. */
export function createSingleFlight<T>() {
  const running = new Map<string, Promise<T>>()

  /** Returns the result of the work that is running for this key, or starts it. All callers share its failure. */
  function run(key: string, work: () => Promise<T>): Promise<T> {
    const shared = running.get(key)
    if (shared) return shared
    const begun = work().finally(() => running.delete(key))
    running.set(key, begun)
    return begun
  }

  return {
    isRunning: (key: string) => running.has(key),
    run,
    /** As `run`, but a caller that shared work which failed runs its own: the failure may be the other caller's deadline. */
    runOrRetry: (key: string, work: () => Promise<T>) =>
      running.has(key) ? run(key, work).catch(work) : run(key, work),
  }
}
