import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { descriptions, sections } from '../lib/settings/descriptions/sections.ts'
import { rowOf, settingNames, table } from '../lib/settings/table.ts'
import { repository } from './repository.ts'
import { generatedFiles, sectionTitles, tableTitles } from './settings-pages.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

test.each(generatedFiles().map(({ path, text }) => [path, text]))(
  '%s is up to date with npm run settings',
  (path, text) => expect(read(path)).toBe(text),
)

test('configuration.md has the table of every section once', () => {
  expect(tableTitles(read('docs/configuration.md')).toSorted()).toEqual(sectionTitles.toSorted())
})

describe('the descriptions', () => {
  test('cover exactly the settings of the table, once each', () => {
    const described = Object.values(sections).flatMap((section) => Object.keys(section))
    expect(described.toSorted()).toEqual(Object.keys(table).toSorted())
    expect(Object.keys(descriptions)).toEqual(described)
  })

  test('have examples that the service accepts, but no example of a secret', () => {
    for (const name of settingNames) {
      const { example } = descriptions[name]
      const row = rowOf(name)
      expect([name, example === undefined]).toEqual([name, row.secret ?? false])
      if (example !== undefined) expect([name, row.read(example).complaints]).toEqual([name, []])
    }
  })
})
