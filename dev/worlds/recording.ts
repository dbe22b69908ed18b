import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Log } from '../../lib/base/log.ts'

/** What one test file has logged, and what no log may hold, on its way to the one scan at the end of the run. */
const entry = v.variant('kind', [
  v.object({ kind: v.literal('line'), line: v.string(), test: v.string() }),
  v.object({ kind: v.literal('secret'), secret: v.string() }),
])
type Entry = v.InferOutput<typeof entry>

export interface LoggedLine {
  readonly line: string
  /** File and test that ran when it was logged. */
  readonly test: string
}

export interface Recording {
  readonly lines: readonly LoggedLine[]
  readonly secrets: readonly string[]
}

let file: number | undefined
let currentTest = () => ''
const known = new Set<string>()

/**
 * From now on everything that this test file logs and keeps as secret goes into the run's folder. Without it, as in
 * a fuzzing session of its own, nothing does.
 *
 * @param testName of the test that runs at the moment
 */
export function startRecording(directory: string, testName: () => string): void {
  currentTest = testName
  // A worker runs one test file after the other.
  if (file !== undefined) closeSync(file)
  file = openSync(join(directory, `${randomUUID()}.jsonl`), 'wx', 0o600)
}

/** Writes at once: a worker may end without further notice. */
function write(entry: Entry): void {
  if (file !== undefined) writeSync(file, `${JSON.stringify(entry)}\n`)
}

/** Whether lines and secrets are recorded. */
export const isRecording = (): boolean => file !== undefined

/** A line that a process under test has printed, or would have. */
export function recordLine(line: string): void {
  write({ kind: 'line', line, test: currentTest() })
}

/** The log of something that runs in a test's own process: what it is told is recorded. `take` may look at it, too. */
export const recorded =
  (take: (...line: Parameters<Log>) => unknown = () => {}): Log =>
  (event, fields) => {
    take(event, fields)
    recordLine(JSON.stringify({ event, ...fields }))
  }

/** A value that no log may hold; see `keepSecret`. */
export function recordSecret(secret: string): void {
  if (file === undefined || known.has(secret)) return
  known.add(secret)
  write({ kind: 'secret', secret })
}

/** What each test file of a run has recorded. */
export function readRecordings(directory: string): readonly Recording[] {
  return readdirSync(directory).map((name) => {
    const texts = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)
    const entries = texts.map((text) => v.parse(entry, JSON.parse(text)))
    return {
      lines: entries.filter((one) => one.kind === 'line'),
      secrets: entries.flatMap((one) => (one.kind === 'secret' ? [one.secret] : [])),
    }
  })
}
