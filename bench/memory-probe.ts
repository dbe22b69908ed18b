/**
 * Preloaded into a function host that runs with `--expose-gc`: on SIGUSR2 it collects, and prints what is in memory
 * then, as one line of JSON.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  // What is told of the first collection may let go of more.
  setImmediate(() => {
    globalThis.gc?.()
    // Not by the console, which is the functions'.
    process.stdout.write(`${JSON.stringify(process.memoryUsage())}\n`)
  })
})
