import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { published } from '../build/published.ts'
import { type HostOptions, type Notice, notice } from './options.ts'

export interface Host {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process has ended, in whatever way. */
  readonly exited: Promise<void>
  /** Kills the process like a crash (SIGKILL): nothing is finished. Resolves when the process is gone. */
  kill(): Promise<void>
  /** Frees the port and resolves. Running requests and their `waitUntil` work still finish. */
  retire(): Promise<void>
  /** Does what `retire` does, and resolves when the process is gone. */
  stop(): Promise<void>
}

export interface StartHostOptions {
  readonly artifact: { readonly directory: string; readonly manifestPath: string }
  /** 0 means any free port. */
  readonly port: number
  /** The functions' whole environment. Nothing else of the caller's environment is passed on. */
  readonly env: Readonly<Record<string, string>>
  readonly blobs: HostOptions['blobs']
  /** The files of the site's publish folder, by the paths at which Netlify serves them. The default is ours. */
  readonly files?: HostOptions['files']
  /** What the platform says about the deploy; default `dev`. */
  readonly deployContext?: string
  /** Receives each line that the host and its functions print. Without it, they go to this process's own output. */
  readonly onOutput?: (line: string) => void
}

/**
 * Bounds the young generation of the host's heap, in MB for each of its halves. Under load, the engine lets it grow to many times
 * of that, because the machine has memory, and keeps it: resident memory grows although the live heap does not.
 */
const youngGeneration = '--max-semi-space-size=4'

/**
 * Starts a function host on loopback, in a separate process.
 *
 * @throws Error if the port is taken or the artifact cannot be read
 */
export async function startHost(options: StartHostOptions): Promise<Host> {
  const { onOutput, deployContext = 'dev', files = { [published.path]: published.text } } = options
  const output = onOutput ? 'pipe' : 'inherit'
  const child = fork(new URL('main.ts', import.meta.url), {
    // On the platform, Netlify's bootstrap and the AWS runtime set these two.
    env: { ...options.env, AWS_REGION: 'us-east-2', LAMBDA_TASK_ROOT: options.artifact.directory },
    execArgv: [youngGeneration],
    stdio: ['ignore', output, output, 'ipc'],
  })
  if (onOutput) {
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface(stream).on('line', onOutput)
  }
  const exited = once(child, 'close').then(() => {})
  const hostOptions: HostOptions = {
    directory: options.artifact.directory,
    manifestPath: options.artifact.manifestPath,
    port: options.port,
    files,
    blobs: options.blobs,
    deploy: {
      id: '0123456789abcdef01234567',
      context: deployContext,
      published: deployContext === 'production',
      branch: 'main',
    },
  }
  const next = async (): Promise<Notice> => {
    const gone = exited.then(() => ({ type: 'failed', error: 'the function host ended unexpectedly' }) as const)
    return Promise.race([once(child, 'message').then(([message]) => v.parse(notice, message)), gone])
  }
  const started = next()
  child.send({ type: 'start', options: hostOptions })
  const first = await started
  if (first.type !== 'listening') {
    child.kill('SIGKILL')
    throw new Error(first.type === 'failed' ? first.error : 'the function host did not start')
  }
  const retire = async () => {
    if (!child.connected) return
    const closed = next()
    // A host that has just ended has nothing left to stop.
    child.send({ type: 'stop' }, () => {})
    await closed
  }
  return {
    url: `http://localhost:${first.port}`,
    port: first.port,
    pid: child.pid ?? 0,
    exited,
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    retire,
    stop: async () => {
      await retire()
      await exited
    },
  }
}
