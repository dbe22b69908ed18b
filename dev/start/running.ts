import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { answers } from './ports.ts'

const record = v.object({ pid: v.number(), port: v.number() })

export type Running = v.InferOutput<typeof record>

const file = (directory: string) => join(directory, 'running.json')

/** Notes that this process owns the state in `directory`. */
export async function noteRunning(directory: string, port: number): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(file(directory), JSON.stringify({ pid: process.pid, port } satisfies Running))
}

export async function noteStopped(directory: string): Promise<void> {
  await rm(file(directory), { force: true })
}

/** The world that lives in `directory` now, or null. A process that was killed leaves its note: it does not count. */
export async function findRunning(directory: string): Promise<Running | null> {
  const text = await readFile(file(directory), 'utf8').catch(() => null)
  const parsed = text === null ? null : v.safeParse(v.pipe(v.string(), v.parseJson(), record), text)
  if (!parsed?.success) return null
  return isAlive(parsed.output.pid) && (await answers(parsed.output.port)) ? parsed.output : null
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
