import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../dev/repository.ts'

/** Words that hide the subject of a sentence, and other spellings of words that this project spells one way. */
const avoided = /\b(?:who(?:m)?ever|what is no|e-mails?|behaviour|colour|neighbour|favour|recognise)\b/i

/** Texts of others: a client's metadata, lists of domains, the history. */
const quoted = /^(?:CHANGELOG\.md|package-lock\.json|.*\.json|tests\/prose\.test\.ts)$/

/** The sources and pages of the repository, as Git knows them, without those that a deletion is about to remove. */
function texts(): readonly string[] {
  return execFileSync('git', ['ls-files', '--cached', '*.ts', '*.md', '*.mjs'], { cwd: repository, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && !quoted.test(path))
}

test('comments, titles and pages name their subjects', () => {
  const found = texts().flatMap((path) =>
    readFileSync(join(repository, path), 'utf8')
      .split('\n')
      .flatMap((line, index) => (avoided.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})
