import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../dev/repository.ts'

/** TypeScript files below a folder, as paths from the root of the repository. */
function files(folder: string): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** Relative imports of a source, `import type`, `export … from` and `import()` included. */
function specifiersIn(source: string): string[] {
  return [...source.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier = '']) => specifier)
}

const importsOf = (path: string) =>
  specifiersIn(readFileSync(join(repository, path), 'utf8')).map((specifier) =>
    relative(repository, resolve(repository, dirname(path), specifier)),
  )

const code = ['lib', 'cli', 'netlify'].filter((folder) => existsSync(join(repository, folder))).flatMap(files)
const graph = new Map(code.map((path) => [path, importsOf(path)]))
const product = new Map([...graph].filter(([path]) => !path.endsWith('.test.ts')))

/** The imports that close a circle, one circle a line. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) circles.push([...way.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const target of imports.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return circles
}

/** The room of a file: the folder below `lib/`, or the folder at the top. */
const roomOf = (path: string) => (path.startsWith('lib/') ? (path.split('/')[1] ?? '') : (path.split('/')[0] ?? ''))

/** Each room, and the rooms that it may import. */
const below: Readonly<Record<string, readonly string[]>> = {
  base: [],
  net: ['base'],
  telemetry: ['base'],
  store: ['base'],
  limits: ['store', 'net', 'base'],
  dpop: ['store', 'base'],
  pages: ['base'],
  people: ['store', 'limits', 'base'],
  answers: ['people', 'net', 'base'],
  'resource-server': ['dpop', 'store', 'limits', 'net', 'base'],
  guide: ['pages', 'base'],
  mcp: ['resource-server', 'answers', 'people', 'pages', 'limits', 'store', 'net', 'base'],
  oauth: ['dpop', 'pages', 'limits', 'store', 'net', 'base'],
  account: ['oauth', 'people', 'pages', 'limits', 'store', 'net', 'base'],
  settings: ['telemetry', 'account', 'oauth', 'mcp', 'guide', 'people', 'pages', 'limits', 'store', 'net', 'base'],
  service: [
    ...['account', 'settings', 'oauth', 'mcp', 'guide', 'resource-server', 'answers', 'people', 'pages'],
    ...['limits', 'dpop', 'store', 'net', 'telemetry', 'base'],
  ],
  // What other projects import. Of settings and people, it needs the few files that `dev/package/entries.ts` lets in.
  package: ['oauth', 'settings', 'people', 'dpop', 'pages', 'limits', 'store', 'net', 'base'],
  create: ['package', 'settings', 'base'],
  // Netlify's own wrapper hands over to services; it knows settings, for the site of a request, and the log.
  netlify: ['service', 'settings', 'base'],
  cli: ['base'],
}

describe('imports', () => {
  test('the scan sees every form of an import', () => {
    const source = `import a from './a.ts'\nimport type { B } from './b.ts'\nexport * from './c.ts'\nconst d = import('./d.ts')\nimport './e.ts'`
    expect(specifiersIn(source)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts'])
    expect(circlesOf(new Map([['a', ['b']], ['b', ['c']], ['c', ['a']]]))).toEqual(['a -> b -> c -> a']) // biome-ignore format: one line
    expect(code.length).toBeGreaterThan(200)
  })

  test('no import circle, type imports included', () => {
    expect(circlesOf(graph)).toEqual([])
  })

  test('product code imports neither dev/ nor tests/', () => {
    const upward = [...product].flatMap(([path, targets]) =>
      targets.filter((target) => /^(?:dev|tests|bench)\//.test(target)).map((target) => `${path} imports ${target}`),
    )
    expect(upward).toEqual([])
  })

  test('tests in lib/ import nothing of tests/', () => {
    const upward = [...graph].flatMap(([path, targets]) =>
      targets.filter((target) => /^(?:tests|bench)\//.test(target)).map((target) => `${path} imports ${target}`),
    )
    expect(upward).toEqual([])
  })

  test('each room imports only the rooms below it', () => {
    const upward = [...product].flatMap(([path, targets]) => {
      const room = roomOf(path)
      if (path.startsWith('netlify/')) return targets.filter((target) => roomOf(target) !== 'netlify').map((t) => `${path} imports ${t}`) // biome-ignore format: one line
      return targets
        .filter((target) => roomOf(target) !== room && !below[room]?.includes(roomOf(target)))
        .map((target) => `${path} imports ${target}`)
    })
    expect(upward).toEqual([])
  })

  test('every room of lib/ is in the list', () => {
    const rooms = readdirSync(join(repository, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(rooms.map(({ name }) => name).filter((name) => below[name] === undefined)).toEqual([])
  })
})
