import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { CannotStart } from './cannot-start.ts'
import { localUrl } from './ports.ts'

const record = v.object({
  pid: v.number(),
  /** Distinguishes this process from a later one with the same ID; null if the machine does not say. */
  started: v.nullable(v.string()),
  port: v.number(),
  /** The parts of the local world that the user's own settings replace. */
  ownParts: v.array(v.string()),
})

export type Running = v.InferOutput<typeof record>

/**
 * Claims the state in `directory` for this process. Of several processes that claim it, one succeeds. The note of a process
 * that was killed does not count.
 *
 * @returns a function that releases it
 * @throws CannotStart if another process has claimed it
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

/** Returns the process that has claimed the state in `directory`, or null. It may not answer yet. */
export function findRunning(directory: string): Promise<Running | null> {
  return readNote(noteIn(directory))
}

const noteIn = (directory: string) => join(directory, 'running.json')

function refuseIfTaken(running: Running | null): void {
  if (running === null) return
  throw new CannotStart(`It is running already: ${localUrl(running.port)} (process ${running.pid}).`)
}

/** Removes a stale note under a lock: of two processes that find it, the slower must not remove the new note of the faster. */
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

/** Creates a link, which appears at once and with its content. Returns false if the file exists. */
async function linkIfAbsent(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Reads a note. Null if there is none, or its process has ended. */
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
    // EPERM: the process runs and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** On Linux, returns the clock ticks from the start of the machine to that of the process: field 22 of its `stat`. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 2, the name of the program, may contain any character, and ends at the last parenthesis.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
