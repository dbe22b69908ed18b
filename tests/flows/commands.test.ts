import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { freePorts, portsFrom } from '../../dev/start/ports.ts'
import { isLong } from '../../dev/worlds/times.ts'
import { defined } from '../../lib/base/defined.ts'
import { whenNeeded } from '../../lib/base/when-needed.ts'

const commands = [
  ...[
    'start',
    'demo',
    'reset',
    'serve',
    'build',
    'build:container',
    'secret',
    'settings',
    'store',
    'test:clients',
    'test:deploy',
    'bench',
    'simulate',
    'pictures',
    'conformance',
    'reader-page',
  ],
  'fuzz',
  'admin',
]

// Many of these commands build the functions, which takes a busy machine a minute each time.
vi.setConfig({ testTimeout: 400_000 })
const patience = { timeout: 180_000 }

/** Shared by the commands: Node's compiled code, which makes them start faster. */
const { PATH, NODE_COMPILE_CACHE } = process.env
const shared = defined({ PATH, NODE_COMPILE_CACHE })

const metadata = '/.well-known/oauth-authorization-server'

test('npm start prints all addresses, refuses a second start, ends on Ctrl-C, keeps its state, and deletes it on reset', async () => {
  const [state, temporary] = [await newFolder(), await newFolder()]
  const port = await freePorts()
  const keys = async () => (await fetch(`http://localhost:${portsFrom(port).provider}/jwks`)).json()

  const first = npmStart(port, state)
  // A start claims the state before it starts anything, whatever its port is.
  await expect.poll(() => existsSync(join(state, 'running.json')), patience).toBe(true)
  const second = npmStart(port + 6, state)
  expect(await second.ended).toBe(1)
  expect(second.output()).toMatch(/^It is running already: \S+ \(process \d+\)\.\n$/)
  const banner = await first.ready()
  expect(banner).toContain(`claude mcp add --transport http local-docs http://localhost:${port}/mcp`)
  expect(banner).toContain('any email address')
  expect((await fetch(`http://localhost:${port}${metadata}`)).status).toBe(200)
  const before = await keys()
  expect(await run('reset', ['--state', state]).ended).toBe(1)
  first.child.kill('SIGINT')
  expect(await first.ended).toBe(0)

  // The next one has settings of the user, and the reader of its output closes.
  const third = npmStart(port, state, { ...ownSettings, TMPDIR: temporary })
  expectOwnSettings(await third.ready())
  expect(await keys()).toEqual(before)
  third.child.stdout.destroy()
  third.child.stderr.destroy()
  await fetch(`http://localhost:${port}/oauth/authorize`, { headers: { accept: 'application/json' } })
  third.child.kill('SIGHUP')
  expect(await third.ended).toBe(0)
  expect([await oursIn(temporary), existsSync(join(state, 'running.json'))]).toEqual([[], false])
  await writeFile(join(state, 'bench.json'), '{}')
  expect(await run('reset', ['--state', state]).ended).toBe(0)
  expect((await readdir(state)).sort()).toEqual(['bench.json', 'mcp-oauth-broker-state'])
})

const ownSettings = {
  MCP_OAUTH_ISSUER: 'https://docs.example.com',
  UPSTREAM_ISSUER: 'https://login.example.com/tenant',
  UPSTREAM_CLIENT_ID: 'mine',
  REQUIRE_AUTH: 'false',
  CRM_WEBHOOK_URL: 'https://hooks.example.com/secret-path',
  KAPA_API_KEYS: 'x',
  KAPA_API_KEY: '',
}

/** npm start says what the user’s own settings change, and which ones nothing reads. */
function expectOwnSettings(banner: string): void {
  expect(banner).toContain('MCP endpoint      https://docs.example.com/mcp')
  expect(banner).toMatch(/OpenID Provider +https:\/\/login\.example\.com from your settings/)
  expect(banner).not.toContain('any email address')
  expect(banner).toMatch(/answers only requests for docs\.example\.com\. At http:\/\/localhost:\d+ everything is 404/)
  expect(banner).toMatch(/REQUIRE_AUTH is not true/)
  expect(banner).toMatch(/! KAPA_API_KEYS is set, and nothing reads it/)
  expect(banner).toMatch(
    /Your settings +MCP_OAUTH_ISSUER, UPSTREAM_ISSUER, UPSTREAM_CLIENT_ID, REQUIRE_AUTH, CRM_WEBHOOK_URL\n/,
  )
  expect(banner).not.toContain('secret-path')
}

test.each([
  ['start', 'SIGINT', ', which npm echoes,', 0],
  ['start', 'SIGTERM', '', 0],
  ['start', 'SIGHUP', '', 0],
  ['demo', 'SIGINT', '', 130],
] as const)(
  '%s, %s%s while it builds: it ends at once and leaves nothing behind',
  async (command, signal, echo, code) => {
    const [state, temporary] = [await newFolder(), await newFolder()]
    // With this port, the demo does not use a system that may be running here.
    const env = { TMPDIR: temporary, PORT: command === 'demo' ? '1' : `${await freePorts()}` }
    const { child, ended, output } = run(command, command === 'demo' ? [] : ['--state', state], env)
    await expect.poll(() => readdir(temporary), patience).not.toEqual([])
    if (echo !== '') child.stdout.on('data', (text) => text.includes('Stopping') && child.kill(signal))
    child.kill(signal)
    expect(await ended).toBe(code)
    expect(output().split('Stopping …').slice(1)).toEqual(['\n'])
    expect(await readdir(temporary)).toEqual([])
    expect(await readdir(state)).not.toContain('running.json')
  },
)

test('a command that has nothing to clean up ends on a signal', async () => {
  const { child, ended, output } = run('fuzz', [], { FUZZ_SECONDS: '600' })
  await expect.poll(output, patience).toContain('FUZZ_SEED=')
  child.kill('SIGHUP')
  expect(await ended).toBe(129)
})

test('npm start ends when npm is killed', async () => {
  const [state, temporary] = [await newFolder(), await newFolder()]
  const npm = spawn('npm', ['start', '--', '--state', state], {
    cwd: repository,
    env: { ...shared, PORT: `${await freePorts()}`, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void npm.kill('SIGKILL'))
  await expect.poll(() => existsSync(join(state, 'running.json')), patience).toBe(true)
  npm.kill('SIGKILL')
  await expect
    .poll(() => Promise.all([oursIn(temporary), existsSync(join(state, 'running.json'))]), patience)
    .toEqual([[], false])
})

/** Our own files in a temporary folder. npm and Node keep others there. */
const oursIn = async (folder: string) => (await readdir(folder)).filter((name) => name.startsWith('mcp-oauth-broker-'))

test('a temporary folder is removed with its process', async () => {
  const temporary = await newFolder()
  const source = `import { temporaryFolder } from './dev/temporary-folder.ts'; temporaryFolder(); process.exit(130)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    cwd: repository,
    env: { ...shared, TMPDIR: temporary },
  })
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130)
  expect(await readdir(temporary)).toEqual([])
})

test.each([
  ['start', ['--prot', '9000'], /^Unknown option '--prot'\. For the options, run npm start -- --help\n$/],
  ['bench', ['--quik'], /^Unknown option '--quik'\. For the options, run npm run bench -- --help\n$/],
  ['fuzz', ['--seconds', '9'], /^Unknown option '--seconds'\. For the options, run npm run fuzz -- --help\n$/],
  ['conformance', ['now'], /^Unexpected argument 'now'\. .* npm run conformance -- --help\n$/],
  ['demo', ['now'], /^Unexpected argument 'now'\. .* npm run demo -- --help\n$/],
  [
    'reset',
    ['--state', join(tmpdir(), 'no-such-state')],
    /is not a state folder of npm start: nothing was removed\.\n$/,
  ],
  ['nothing', [], /^Unknown command\. The commands are start, demo, reset/],
])('%s %j prints one line and does nothing', async (command, args, line) => {
  const { ended, output } = run(command, args)
  expect(await ended).toBe(1)
  expect(output()).toMatch(line)
  expect(output().split('\n')).toHaveLength(2)
})

test.each(commands)('%s --help says what it does', async (command) => {
  const help = isLong ? await helpOf(command) : (await helps())[command]
  expect(help).toEqual([0, expect.stringMatching(new RegExp(`^npm (run )?${command}\\n\\n.{20}`))])
})

async function helpOf(command: string): Promise<readonly [code: number | null, output: string]> {
  const help = run(command, ['-h'])
  return [await help.ended, help.output()]
}

/** What all commands say, in one process: starting one takes most of the time. In a long run, each has its own. */
const helps = whenNeeded(async () => {
  const source = `
    import { run } from './bin/commands.ts'
    const [ended, said, write] = [Symbol(), {}, process.stdout.write]
    for (const command of process.argv.slice(1)) {
      let [code, output] = [0, '']
      process.stdout.write = (text) => (output += text)
      process.exit = (exitCode = 0) => {
        code = exitCode
        throw ended
      }
      process.argv = [process.execPath, '', command, '-h']
      await run(command).catch((error) => {
        if (error !== ended) throw error
      })
      said[command] = [code, output]
    }
    process.stdout.write = write
    console.log(JSON.stringify(said))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source, ...commands], {
    cwd: repository,
    env: shared,
  })
  return v.parse(v.record(v.string(), v.tuple([v.number(), v.string()])), JSON.parse(stdout))
})

test('fuzz names a setting that is not a number, and a name that matches no property', async () => {
  for (const [name, value] of [
    ['FUZZ_SECONDS', 'ten'],
    ['FUZZ_SEED', '0x1'],
    ['FUZZ_RUNS', '-1'],
    ['FUZZ_ONLY', 'no such property'],
  ] as const) {
    const { ended, output } = run('fuzz', [], { [name]: value })
    expect([await ended, output()]).toEqual([1, expect.stringMatching(new RegExp(`^${name} .*\\.\\n$`))])
  }
})

describe('a folder that cannot be used is one sentence', () => {
  test('for the temporary folder', async () => {
    const { ended, output } = npmStart(await freePorts(), await newFolder(), { TMPDIR: '/no/such/folder' })
    expect([await ended, output()]).toEqual([
      1,
      expect.stringMatching(/\/no\/such\/folder cannot be used: .* \(ENOENT\)\. Set TMPDIR to another folder\.\n$/),
    ])
    expect(output()).not.toMatch(/^ +at /m)
  })

  test('for the state', async () => {
    const state = await newFolder()
    await writeFile(join(state, 'mcp-oauth-broker-state'), '')
    await writeFile(join(state, 'blobs'), 'a file')
    const { ended, output } = npmStart(await freePorts(), state)
    expect([await ended, output()]).toEqual([
      1,
      expect.stringMatching(/blobs\S* cannot be created, read or written: .+ \(E\w+\)/),
    ])
    expect(output()).not.toMatch(/^ +at /m)
  })

  test('for the output of npm run build', async () => {
    const copy = await copied(['bin', 'dev', 'lib', 'tests/support', 'netlify'])
    await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'))
    await writeFile(join(copy, 'dist'), 'a file')
    const { ended, output } = runIn(copy, 'build')
    expect([await ended, output()]).toEqual([1, expect.stringMatching(/^\S+dist\S* cannot be created.*\(E\w+\)\.\n$/)])
  })
})

test('a package that npm left out because of NODE_ENV or --omit is reported with that reason', async () => {
  const copy = await copied(['bin', 'dev', 'lib', 'tests/support', 'package.json'])
  const say = async (env: Record<string, string>, command = 'build') => {
    const { ended, output } = runIn(copy, command, env)
    expect(await ended).toBe(1)
    return output()
  }
  expect(await say({ NODE_ENV: 'production' })).toMatch(
    /^The package \S+ is not installed, because npm ci leaves it out with NODE_ENV=production\. Run npm ci --include=dev\.\n$/,
  )
  // npm runs this before npm test, lint and types, whose own programs are missing as well.
  expect(await say({ NODE_ENV: 'production' }, 'installed')).toMatch(/^The package vitest .*npm ci --include=dev\.\n$/)
  expect(await say({ npm_config_omit: 'dev' })).toMatch(/with --omit=dev\. Run npm ci --include=dev\.\n$/)
  expect(await say({})).toMatch(/Run npm ci first, without NODE_ENV=production and --omit\.\n$/)
})

test('npm run pictures without a browser prints one line', async () => {
  const { ended, output } = run('pictures', [], { CHROMIUM_PATH: '/nowhere' })
  expect(await ended).toBe(1)
  expect(output()).toBe('CHROMIUM_PATH names /nowhere, which does not exist\n')
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'npm-start-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const npmStart = (port: number, state: string, env: Record<string, string> = {}) =>
  run('start', ['--state', state], { PORT: `${port}`, ...env })

/** Makes a folder with these files of the repository and without packages. */
async function copied(names: readonly string[]): Promise<string> {
  const folder = await newFolder()
  for (const name of names) await cp(join(repository, name), join(folder, name), { recursive: true })
  return folder
}

const runIn = (folder: string, command: string, env?: Record<string, string>) => run(command, [], env, folder)

function run(command: string, args: readonly string[], env: Record<string, string> = {}, folder = repository) {
  const child = spawn(process.execPath, [join(folder, 'dev/run.mjs'), command, ...args], {
    env: { ...shared, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    child,
    ended,
    output: () => output,
    async ready() {
      await expect.poll(() => output, patience).toContain('Ctrl-C')
      return output
    },
  }
}
