import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../dev/build/build.ts'
import { pageFor } from '../dev/reader-page/page.ts'

test('docs/connecting.md tells readers the figures that the page for readers has without settings [B8-18]', async () => {
  const page = await pageFor({ REQUIRE_AUTH: 'true' })
  const text = readFileSync(join(repository, 'docs/connecting.md'), 'utf8').replaceAll(/\s+/g, ' ')
  for (const figure of ['60 questions in 15 minutes', '30 days', '180 days', 'https://docs.example.com/mcp']) {
    expect(page).toContain(figure)
    expect(text).toContain(figure)
  }
  expect(page).toContain('every hour')
  expect(text).toContain("The client's access token lasts an hour")
})
