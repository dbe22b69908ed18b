import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

/** One change: a blob's whole new content (base64), or its removal. */
const recordSchema = v.variant('change', [
  v.object({ change: v.literal('write'), id: v.string(), body: v.string(), metadata: v.optional(v.string()) }),
  v.object({ change: v.literal('remove'), id: v.string() }),
])
export type JournalRecord = v.InferOutput<typeof recordSchema>

export interface Journal {
  /** To be called before the change is made in memory. Returns once the record would survive the death of this process (not of the machine: there is no fsync). */
  append(record: JournalRecord): void
  close(): void
}

/**
 * An append-only file of changes, one JSON line each. It is rewritten, through a temporary file and a rename, when it
 * is opened and whenever `compactAfter` bytes (or as much as the last rewrite, if that is more) have been appended.
 * A kill at any instant leaves either the old or the new file, whose last line at most is torn and then ignored.
 *
 * @param replay called for each record found, before this function returns
 * @param snapshot the records that make up the whole content, but for one that is being appended
 * @throws Error if a line other than a torn last one cannot be read
 */
export function openJournal(
  directory: string,
  replay: (record: JournalRecord) => void,
  snapshot: () => Iterable<JournalRecord>,
  compactAfter = 16 * 1024 * 1024,
): Journal {
  const file = join(directory, 'blobs.jsonl')
  mkdirSync(directory, { recursive: true })
  for (const record of readRecords(file)) replay(record)

  let { descriptor, size } = rewrite(file, snapshot())
  let compactAt = size + Math.max(size, compactAfter)

  function compact(): void {
    const previous = descriptor
    ;({ descriptor, size } = rewrite(file, snapshot()))
    closeSync(previous)
    compactAt = size + Math.max(size, compactAfter)
  }

  return {
    append(record) {
      // First, since the snapshot does not yet have the change that is about to be recorded.
      if (size >= compactAt) compact()
      const line = toLine(record)
      try {
        appendFileSync(descriptor, line)
      } catch (error) {
        ftruncateSync(descriptor, size) // a full disk must not leave half a line for the next one to be glued to
        throw error
      }
      size += line.length
    },
    close() {
      closeSync(descriptor)
    },
  }
}

function toLine(record: JournalRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record)}\n`)
}

function rewrite(file: string, records: Iterable<JournalRecord>): { descriptor: number; size: number } {
  const temporary = `${file}.new`
  rmSync(temporary, { force: true })
  const descriptor = openSync(temporary, 'a')
  let size = 0
  for (const record of records) {
    const line = toLine(record)
    appendFileSync(descriptor, line)
    size += line.length
  }
  renameSync(temporary, file)
  return { descriptor, size }
}

function readRecords(file: string): JournalRecord[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  // What follows the last newline is a write that was cut off, and so was never answered.
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line, index) => {
    try {
      return v.parse(recordSchema, JSON.parse(line))
    } catch (error) {
      throw new Error(`${file}: line ${index + 1} cannot be read`, { cause: error })
    }
  })
}
