import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { CannotStart } from './cannot-start.ts'
import { localUrl } from './ports.ts'

const record = v.object({
  pid: v.number(),
  /** What tells this process from a later one with the same id; null where the machine does not say. */
  started: v.nullable(v.string()),
  port: v.number(),
  /** The parts of the local world that settings of the person's own have replaced. */
  ownParts: v.array(v.string()),
})

export type Running = v.InferOutput<typeof record>

/**
 * Takes the state in `directory` for this process: of several that want it, one gets it. The note of a process that was
 * killed does not count.
 *
 * @returns gives it back
 * @throws CannotStart if another process has it
 */
export async function takeState(
  directory: string,
  { port, ownParts }: Pick<Running, 'port' | 'ownParts'>,
): Promise<() => Promise<void>> {
  const note = noteIn(directory)
  const draft = `${note}.${randomUUID()}`
  await mkdir(directory, { recursive: true })
  const own: Running = { pid: process.pid, started: startOf(process.pid), port, ownParts }
  await writeFile(draft, JSON.stringify(own))
  try {
    while (!(await linkIfAbsent(draft, note))) {
      refuseIfTaken(await readNote(note))
      await removeStale(note, draft)
    }
  } finally {
    await rm(draft, { force: true })
  }
  return () => rm(note, { force: true })
}

/** The process that has the state in `directory` now, or null. It may not answer yet. */
export function findRunning(directory: string): Promise<Running | null> {
  return readNote(noteIn(directory))
}

const noteIn = (directory: string) => join(directory, 'running.json')

function refuseIfTaken(running: Running | null): void {
  if (running === null) return
  throw new CannotStart(`It is running already: ${localUrl(running.port)} (process ${running.pid}).`)
}

/** One at a time: of two that find the same stale note, the slower must not remove what the faster puts in its place. */
async function removeStale(note: string, draft: string): Promise<void> {
  const lock = `${note}.lock`
  if (await linkIfAbsent(draft, lock)) {
    if ((await readNote(note)) === null) await rm(note, { force: true })
  } else {
    const text = await readFile(lock, 'utf8').catch(() => null)
    if (text === null) return
    refuseIfTaken(ownerOf(text))
  }
  await rm(lock, { force: true })
}

/** A link appears at once and with its content. False if there is such a file already. */
async function linkIfAbsent(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Null if there is none, or its process is gone. */
async function readNote(note: string): Promise<Running | null> {
  const text = await readFile(note, 'utf8').catch(() => null)
  return text === null ? null : ownerOf(text)
}

function ownerOf(text: string): Running | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), record), text)
  if (!parsed.success) return null
  const { pid, started } = parsed.output
  return isAlive(pid) && startOf(pid) === started ? parsed.output : null
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Linux: the clock ticks from the machine's start to the process's, field 22 of its `stat`. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name of the program, may hold anything, and ends at the last parenthesis.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
