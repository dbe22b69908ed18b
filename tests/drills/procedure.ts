import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { repository } from '../../dev/repository.ts'

/** What an operator does, or sees, where a procedure says so. */
export type Steps = readonly (readonly [sentence: string, carryOut: () => Promise<unknown> | unknown])[]

/**
 * Carries out a written procedure. Each sentence of its numbered list has a step, and each step is a sentence there, so that the
 * page and the drill change together.
 */
export async function carryOut(page: string, heading: string, steps: Steps): Promise<void> {
  expect(steps.map(([sentence]) => sentence)).toEqual(sentencesOf(page, heading))
  for (const [sentence, step] of steps) {
    try {
      await step()
    } catch (error) {
      throw new Error(`“${sentence}” failed: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
  }
}

/** The sentences of the numbered list below a heading, without markup. */
function sentencesOf(page: string, heading: string): string[] {
  const text = readFileSync(join(repository, page), 'utf8')
  const [, section = ''] = text.split(`\n### ${heading}\n`)
  const [below = ''] = section.split('\n#')
  const items = [...below.matchAll(/^\d+\. ((?:.*\n)(?: {3}.*\n)*)/gm)].map(([, item = '']) => item)
  return items.flatMap((item) =>
    item
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll('`', '')
      .replace(/\s+/g, ' ')
      .trim()
      .split(/(?<=\.) /),
  )
}
