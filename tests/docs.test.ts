import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

import { repository } from '../dev/repository.ts'
import { knownNames } from '../lib/settings/table.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')

/** Files below a folder with this ending, as paths from the root of the repository. */
function files(folder: string, ending: string): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(folder, name))
}

/** Every first group of the pattern, each once, sorted. */
function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))].sort()
}

const sources = (...folders: string[]) =>
  folders
    .flatMap((folder) => files(folder, '.ts'))
    .filter((path) => !path.endsWith('.test.ts'))
    .map(read)
    .join('\n')

const rootPages = readdirSync(repository).filter((name) => name.endsWith('.md'))
const pages = [...rootPages, ...['.github', 'bench', 'dev', 'docs', 'lib'].flatMap((folder) => files(folder, '.md'))]

/** The titles of tests and of their groups. */
const titlesIn = (source: string) =>
  [...source.matchAll(/(?:\b(?:test|testOnBlobs|describe)\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(
    ([, , title]) => title,
  )

/** The code in the first column of the tables of a part of a page. */
const firstColumn = (text: string) => found(text, /^\| `([A-Za-z_]+)` \|/gm)

describe('settings', () => {
  const service = [...knownNames].sort()
  const [ofService = '', ofMachine = ''] = read('docs/configuration.md').split('\n## Only on your own machine\n')

  test('the deployed code reads nothing from the environment that is not in the table', () => {
    const read = found(sources('lib', 'netlify'), /\benv\.([A-Z][A-Z0-9_]+)/g)
    expect(read).toContain('MCP_OAUTH_ISSUER')
    // Netlify sets this one for each invocation.
    expect(read.filter((name) => !service.includes(name))).toEqual(['NETLIFY_BLOBS_CONTEXT'])
  })

  test('only lib/netlify/, lib/service/ and the program of the package read the environment', () => {
    const readers = files('lib', '.ts').filter((path) => /\bprocess\.env\b/.test(read(path)))
    expect(readers.filter((path) => !/^lib\/(?:(?:netlify|service)\/|create\/cli)|\.test\.ts$/.test(path))).toEqual([])
  })

  test('configuration.md names every setting of the table, and no other', () => {
    expect(firstColumn(ofService)).toEqual(service)
  })

  test('configuration.md names what the local world reads from the environment', () => {
    const ofPage = firstColumn(ofMachine)
    expect(ofPage).toEqual(expect.arrayContaining(found(sources('dev'), /process\.env\.([A-Z_]+)/g)))
    for (const name of ofPage) expect(sources('dev', 'tests')).toContain(`process.env.${name}`)
  })

  test('every setting has a test that shows its effect on the artifact, and names it in its title [F-000-91]', () => {
    const titles = files('tests/flows', '.test.ts').flatMap((path) => titlesIn(read(path)))
    const named = found(titles.join('\n'), /\b([A-Z][A-Z0-9_]+)\b/g)
    expect(service.filter((name) => !named.includes(name))).toEqual([])
  })

  test('.env.example names every setting of the service once, commented out, and the port', () => {
    const lines = read('.env.example').split('\n')
    const names = lines.flatMap((line) => /^# ([A-Z_]+)=/.exec(line)?.[1] ?? [])
    expect(names.toSorted()).toEqual([...service, 'PORT'].toSorted())
    expect(lines.filter((line) => line !== '' && !line.startsWith('# '))).toEqual([])
  })
})

test('operations.md names every event that is logged, and no other', () => {
  expect(firstColumn(read('docs/operations.md'))).toEqual(found(sources('lib'), /\blog\(\s*'([a-z_]+)'/g))
})

test('every log that a test hands in is recorded for the scan of the whole run', () => {
  const code = [...files('tests', '.ts'), ...files('dev/worlds', '.ts'), ...files('lib', '.test.ts')]
  expect(code.filter((path) => /\blog(?::| =) \((?:event\b|\))/.test(read(path)))).toEqual([])
})

describe.each(pages)('%s', (page) => {
  const text = read(page)

  test('links lead somewhere [F-001-29]', () => {
    const dead = found(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^https?:/.test(link) && !leads(page, link))
    expect(dead).toEqual([])
  })

  test('names commands that exist', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    expect(scripts).toEqual(expect.arrayContaining(found(text, /\bnpm run (?:-s )?([\w:-]+)/g)))
    expect(scripts).toEqual(expect.arrayContaining(found(text, /\bnpm (start|test)\b/g)))
  })

  test('names files and folders that exist', () => {
    const named = found(text, /`((?:lib|bin|cli|dev|tests|docs|netlify|bench|\.ci|\.github)\/[\w./-]*)`/g)
    // The map of lib/ names its paths from there.
    const places = page === 'lib/README.md' ? ['', 'lib'] : ['']
    const exists = (path: string) => places.some((place) => existsSync(join(repository, place, path)))
    expect(named.filter((path) => !exists(path))).toEqual([])
  })
})

/** Whether a relative link names a file, and a heading in it if it has a fragment. */
function leads(page: string, link: string): boolean {
  const [path = '', fragment] = link.split('#')
  const target = path === '' ? page : relative(repository, resolve(repository, dirname(page), path))
  if (!existsSync(join(repository, target))) return false
  return fragment === undefined || headings(read(target)).includes(fragment)
}

/** The anchors of headings as GitHub makes them: lower case, words joined by hyphens, without punctuation. */
function headings(text: string): string[] {
  return found(text.replaceAll(/^```.*?^```/gms, ''), /^#+ (.+)$/gm).map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('AGENTS.md, for coding agents, is short, and leads to every command that a change needs', () => {
  const text = read('AGENTS.md')
  expect(text.split('\n').length).toBeLessThan(80)
  for (const command of ['npm run types', 'npm run lint', 'npm test', 'npm run settings', 'npm run conformance']) {
    expect(text).toContain(command)
  }
  for (const page of ['lib/README.md', 'docs/development.md', 'docs/storage.md', 'CONTRIBUTING.md']) {
    expect(text).toContain(`](${page}`)
  }
})

describe('the map of lib/', () => {
  const text = read('lib/README.md')
  const named = found(text, /`((?:\.\.\/|[a-z-]+\/)[\w./-]*|[a-z-]+\.ts)`/g)

  test('names every folder', () => {
    const folders = readdirSync(join(repository, 'lib'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => `${relative(join(repository, 'lib'), join(parentPath, name))}/`)
    expect(named).toEqual(expect.arrayContaining(folders))
  })

  test('names nothing that is not there', () => {
    expect(named.filter((path) => !existsSync(join(repository, 'lib', path)))).toEqual([])
  })
})
