import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../repository.ts'
import { documents } from './documents.ts'
import { pageGroups, siteLink } from './pages.ts'
import { policy } from './policy.ts'

const docs = await documents()
const pages = pageGroups(docs).flatMap((group) => group.pages)

test('the site has every page of docs/ once, each at an address of its own', () => {
  const sources = pages.map(({ source }) => source)
  expect(sources.filter((source) => source.startsWith('docs/')).sort()).toEqual(docs)
  expect(new Set(pages.map(({ path }) => path)).size).toBe(pages.length)
})

test('a page that no group names is in the last group', () => {
  const last = pageGroups([...docs, 'docs/brand-new.md']).at(-1)
  expect(last?.title).toBe('More')
  expect(last?.pages).toContainEqual({ source: 'docs/brand-new.md', path: 'brand-new/' })
})

test.each([
  ['deploy.md', 'docs/admin.md', { path: 'deploy/', fragment: '' }],
  ['deploy.md#how', 'docs/admin.md', { path: 'deploy/', fragment: '#how' }],
  ['../README.md', 'docs/admin.md', { path: '', fragment: '' }],
  ['../docs/clients/', 'lib/README.md', { path: 'clients/', fragment: '' }],
  ['README.md', 'docs/clients/cursor.md', { path: 'clients/', fragment: '' }],
  ['compose.yaml', 'docs/deploy/container.md', { file: 'docs/deploy/compose.yaml' }],
  ['../tests/structure.test.ts', 'lib/README.md', { file: 'tests/structure.test.ts' }],
  ['#two-commands', 'README.md', undefined],
  ['https://example.com/a.md', 'README.md', undefined],
  ['mailto:ada@example.com', 'README.md', undefined],
])('the link %s of %s', (href, source, expected) => {
  const from = pages.find((page) => page.source === source)
  expect(from && siteLink(href, from, pages)).toEqual(expected)
})

test('netlify.toml sends the policy of the pages', async () => {
  expect(await readFile(join(repository, 'netlify.toml'), 'utf8')).toContain(`Content-Security-Policy = "${policy}"`)
})
