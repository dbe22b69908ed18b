import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { checkVersion, writeVersion } from '../dev/release/version.ts'
import { repository } from '../dev/repository.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const text = read('.github/workflows/publish.yml')

const step = v.strictObject({
  name: v.optional(v.string()),
  if: v.optional(v.string()),
  uses: v.optional(v.pipe(v.string(), v.regex(/^actions\/[\w-]+@v\d+$/))),
  with: v.optional(v.record(v.string(), v.unknown())),
  env: v.optional(v.record(v.string(), v.string())),
  run: v.optional(v.string()),
})
/** What GitHub knows of a workflow, as far as this one needs it. A misspelled member fails. */
const workflow = v.strictObject({
  name: v.string(),
  on: v.strictObject({
    push: v.strictObject({ tags: v.array(v.string()) }),
    workflow_dispatch: v.nullable(v.object({})),
  }),
  permissions: v.record(v.string(), v.picklist(['read', 'write', 'none'])),
  concurrency: v.strictObject({ group: v.string(), 'cancel-in-progress': v.boolean() }),
  jobs: v.record(
    v.string(),
    v.strictObject({
      needs: v.optional(v.string()),
      if: v.optional(v.string()),
      environment: v.optional(v.string()),
      'runs-on': v.string(),
      container: v.optional(v.string()),
      'timeout-minutes': v.number(),
      permissions: v.optional(v.record(v.string(), v.picklist(['read', 'write', 'none']))),
      steps: v.array(step),
    }),
  ),
})
const { jobs, permissions, on } = v.parse(workflow, parse(text))
const steps = Object.values(jobs).flatMap((job) => job.steps)
const commands = steps.flatMap(({ run }) => run?.trim().split('\n') ?? [])

describe('the workflow that publishes', () => {
  test('begins with a tag, and each step does one thing', () => {
    expect(on.push.tags).toEqual(['v*'])
    for (const one of steps) expect([one, (one.uses === undefined) !== (one.run === undefined)]).toEqual([one, true])
    expect(Object.entries(jobs).map(([name, { needs }]) => [name, needs])).toEqual([
      ['check', undefined],
      ['npm', 'check'],
      ['registry', 'npm'],
    ])
  })

  test('publishes nothing when it is started by hand', () => {
    expect(jobs.npm?.if).toBe(`github.event_name == 'push'`)
    expect(commands.filter((command) => /publish\b/.test(command))).toHaveLength(3)
    expect(jobs.check?.steps.some(({ run }) => /npm publish|mcp-publisher/.test(run ?? ''))).toBe(false)
  })

  test('has no more rights than it needs, and secrets only where they are used', () => {
    expect(permissions).toEqual({ contents: 'read' })
    expect(Object.values(jobs).map((job) => job.permissions)).toEqual([undefined, { 'id-token': 'write' }, undefined])
    expect([...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name)).toEqual(['MCP_REGISTRY_PRIVATE_KEY'])
    // What others can choose must not become a part of a script: values come by the environment.
    expect(commands.filter((command) => command.includes('${{'))).toEqual([])
    for (const one of steps.filter(({ uses }) => uses?.startsWith('actions/checkout'))) {
      expect(one.with).toEqual({ 'persist-credentials': false })
    }
  })

  test('its scripts, files and flags exist', () => {
    const { scripts } = JSON.parse(read('package.json'))
    const called = commands.flatMap((command) => /^npm (?:run )?([\w:]+)/.exec(command)?.[1] ?? [])
    const own = ['ci', 'pack', 'publish']
    expect(called.filter((name) => !own.includes(name) && !(name in scripts))).toEqual([])
    const files = commands.flatMap((command) => command.match(/\btests\/[\w./-]+/g) ?? [])
    expect(files.filter((path) => !existsSync(join(repository, path)))).toEqual([])
    const flags = commands.flatMap((command) =>
      /^npm publish/.test(command) ? (command.match(/--[a-z]+/g) ?? []) : [],
    )
    const help = execFileSync('npm', ['publish', '--help'], { encoding: 'utf8' })
    for (const flag of flags.filter((flag) => flag !== '--provenance')) expect(help).toContain(flag)
  })

  test('its shell scripts parse', () => {
    for (const { run } of steps) {
      if (run !== undefined) execFileSync('bash', ['-n', '-c', run.replaceAll(/\$\{\{[^}]*\}\}/g, 'x')])
    }
  })

  test('its Node is that of this project', () => {
    const majors = Object.values(jobs).flatMap(({ container }) => /^node:(\d+)-/.exec(container ?? '')?.[1] ?? [])
    expect(new Set(majors)).toEqual(new Set([read('.nvmrc').trim()]))
  })
})

describe('package.json alone decides the version, by npm run release [F-000-24]', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'release-'))
    for (const path of ['server.json', 'lib/service/identity.ts', 'package.json']) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      cpSync(join(repository, path), join(root, path))
    }
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const set = (version: string) =>
    writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'mcp-oauth-broker', version }))

  test('write changes the other files, once', async () => {
    set('9.8.7')
    await expect(checkVersion(root, 'v9.8.7')).rejects.toThrow(/server\.json says .*\n.*identity\.ts says /)
    expect(await writeVersion(root)).toEqual(['server.json', 'lib/service/identity.ts'])
    expect(await writeVersion(root)).toEqual([])
    expect(await checkVersion(root, 'v9.8.7')).toBe('9.8.7')
    expect(JSON.parse(readFileSync(join(root, 'server.json'), 'utf8')).version).toBe('9.8.7')
  })

  test.each([
    ['1.2.3', 'v1.2.4', /the tag has to be v1\.2\.3/],
    ['1.2.3', '1.2.3', /the tag has to be v1\.2\.3/],
    ['1.2', 'v1.2', /is not a version/],
    ['1.2.3+pr180', 'v1.2.3+pr180', /is not a version/],
  ])('check refuses version %s with tag %s', async (version, tag, why) => {
    set(version)
    await writeVersion(root)
    await expect(checkVersion(root, tag)).rejects.toThrow(why)
  })

  test('this checkout says one version', async () => {
    const { version } = JSON.parse(read('package.json'))
    expect(await checkVersion(repository, `v${version}`)).toBe(version)
  })
})
