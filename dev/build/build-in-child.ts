import { fork } from 'node:child_process'
import { once } from 'node:events'
import * as v from 'valibot'
import { Explained } from '../explained.ts'
import type { Artifact } from './build.ts'

const answer = v.union([
  v.object({
    artifact: v.object({
      directory: v.string(),
      manifestPath: v.string(),
      functions: v.array(v.object({ name: v.string(), bytes: v.number(), inputs: v.record(v.string(), v.number()) })),
    }),
  }),
  v.object({ error: v.string() }),
])

/** The build did not succeed; the message is the compiler's, ready to print. */
export class BuildFailed extends Explained {
  override readonly name = 'BuildFailed'
}

/**
 * `buildFunctions` in a process of its own, because Netlify's build tool keeps about 500 MB once loaded.
 *
 * @throws BuildFailed, also when `signal` ends the build
 */
export async function buildInChild(options: {
  readonly outDir: string
  readonly functionsDirectory?: string
  readonly signal?: AbortSignal
}): Promise<Artifact> {
  options.signal?.throwIfAborted()
  const child = fork(new URL('child.ts', import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', stop)
  // A child that is busy building notices much later that its parent is gone.
  process.once('exit', stop)
  try {
    const exited = once(child, 'exit').then(() => {
      throw new BuildFailed('the build process ended without an answer')
    })
    const message = once(child, 'message')
    child.send({ outDir: options.outDir, functionsDirectory: options.functionsDirectory })
    const result = v.parse(answer, (await Promise.race([message, exited]))[0])
    if ('error' in result) throw new BuildFailed(result.error)
    return result.artifact
  } finally {
    options.signal?.removeEventListener('abort', stop)
    process.off('exit', stop)
    stop()
  }
}
