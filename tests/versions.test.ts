import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../dev/repository.ts'
import { identity } from '../lib/service/identity.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const manifest = JSON.parse(read('package.json'))
const lock = JSON.parse(read('package-lock.json'))

describe('the version of this project comes from package.json', () => {
  test('the program introduces itself by the name and the version of its package', () => {
    expect(identity).toEqual({ name: manifest.name, version: manifest.version })
  })

  test('the lockfile and the entry for the MCP registry say the same version', () => {
    expect([lock.version, lock.packages[''].version]).toEqual([manifest.version, manifest.version])
    expect(JSON.parse(read('server.json')).version).toBe(manifest.version)
  })
})

describe('the version of Node comes from .nvmrc', () => {
  const major = read('.nvmrc').trim()

  test('npm, Netlify, the bundled Node and the types of Node agree with it', () => {
    expect(manifest.engines.node).toBe(`>=${major}`)
    expect(/NODE_VERSION = "(\d+)"/.exec(read('netlify.toml'))?.[1]).toBe(major)
    const bundled = Object.entries<string>(manifest.optionalDependencies).filter(([name]) => name.startsWith('node-'))
    expect(bundled).toHaveLength(2)
    for (const [name, version] of bundled) expect([name, version.split('.')[0]]).toEqual([name, major])
    expect(new Set(bundled.map(([, version]) => version)).size).toBe(1)
    expect(manifest.devDependencies['@types/node'].split('.')[0]).toBe(major)
  })

  test('so do the first check of every command and the pages that name it', () => {
    expect(/major >= (\d+)/.exec(read('dev/run.mjs'))?.[1]).toBe(major)
    for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/development.md']) {
      expect([page, read(page)]).toEqual([page, expect.stringContaining(`Node ${major}`)])
    }
  })

  test('the hosted CI uses it, and runs only .ci/run', () => {
    const workflow = read('.github/workflows/ci.yml')
    expect(/container: node:(\d+)-/.exec(workflow)?.[1]).toBe(major)
    expect([...workflow.matchAll(/- run: (.*)/g)].map(([, command]) => command)).toEqual(['.ci/run'])
  })
})
