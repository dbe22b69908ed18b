/**
 * Returns a function that calls `load` when it is first called, and gives every caller the same promise. A failure is not
 * remembered: the next caller loads again.
 */
export function whenNeeded<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    if (loading) return loading
    const begun = load()
    loading = begun
    begun.catch(() => {
      loading = undefined
    })
    return begun
  }
}
