import { fork } from 'node:child_process'
import { once } from 'node:events'
import * as v from 'valibot'
import { Explained } from '../explained.ts'
import type { Artifact } from './build.ts'

const bundleFile = v.object({
  path: v.string(),
  bytes: v.number(),
  atStart: v.boolean(),
  inputs: v.record(v.string(), v.number()),
})

const answer = v.union([
  v.object({
    artifact: v.object({
      directory: v.string(),
      manifestPath: v.string(),
      functions: v.array(v.object({ name: v.string(), bytes: v.number(), files: v.array(bundleFile) })),
    }),
  }),
  v.object({ error: v.string() }),
])

/** The build failed. The message is the compiler's, ready to print. */
export class BuildFailed extends Explained {
  override readonly name = 'BuildFailed'
}

/**
 * Runs `buildFunctions` in a child process, because Netlify's build tool keeps about 500 MB once it is loaded.
 *
 * @throws BuildFailed if the build fails, or if `signal` ends it
 */
export async function buildInChild(options: {
  readonly outDir: string
  readonly functionsDirectory?: string | undefined
  /** As for `bundleFunctions`. */
  readonly skillsFolder?: string | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<Artifact> {
  options.signal?.throwIfAborted()
  const child = fork(new URL('child.ts', import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const stop = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', stop)
  // A child that is busy with the build would notice much later that its parent has ended.
  process.once('exit', stop)
  try {
    const exited = once(child, 'exit').then(() => {
      throw new BuildFailed('the build process ended without an answer')
    })
    const message = once(child, 'message')
    const { outDir, functionsDirectory, skillsFolder } = options
    child.send({ outDir, functionsDirectory, skillsFolder })
    const result = v.parse(answer, (await Promise.race([message, exited]))[0])
    if ('error' in result) throw new BuildFailed(result.error)
    return result.artifact
  } finally {
    options.signal?.removeEventListener('abort', stop)
    process.off('exit', stop)
    stop()
  }
}
