/** Returns a function that calls `load` once, when it is first called, and gives every caller the same promise. */
export function whenNeeded<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load()
    return loading
  }
}
