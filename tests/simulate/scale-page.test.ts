import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inputRows } from '../../bench/simulate/inputs.ts'
import { repository } from '../../dev/repository.ts'

test('docs/scale.md has the figures that the simulation starts from', () => {
  const page = readFileSync(join(repository, 'docs/scale.md'), 'utf8').split('\n')
  expect(inputRows().filter((row) => !page.includes(row))).toEqual([])
})
