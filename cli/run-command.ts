import { Problem } from './problem.ts'
import type { Surroundings } from './surroundings.ts'
import { cleanLines } from './text.ts'

/** Runs a command. A `Problem` is printed without a stack. Returns the exit code. */
export async function runCommand(work: () => Promise<number>, { notes }: Pick<Surroundings, 'notes'>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    notes.write(`${cleanLines(error.message)}\n`)
    return error.exit
  }
}
