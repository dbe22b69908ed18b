import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Client from 'pg/lib/client.js'
import { Explained } from '../explained.ts'
import { temporaryFolder } from '../temporary-folder.ts'

export interface PostgresServer {
  readonly port: number
  /** Returns the URL of a database. Default: the first one. */
  url(database?: string): string
  /** Runs SQL as its owner. */
  run(sql: string, database?: string): Promise<readonly { readonly [column: string]: unknown }[]>
  /** Creates a database, as a copy of `template` if it is given. Returns its URL. */
  create(database: string, template?: string): Promise<string>
  /** Kills the server, as a crash does. */
  crash(): Promise<void>
  /** Shuts the server down: connections are cut, and every write is on disk. */
  halt(): Promise<void>
  /** Starts it again after `crash` or `halt`. */
  start(): Promise<void>
  /** Starts a standby that follows this server. */
  standby(): Promise<PostgresServer>
  /** Makes a standby the primary. */
  promote(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

type Settings = Readonly<Record<string, string>>

/** The folder in which Debian has one folder for each version. */
const versions = '/usr/lib/postgresql'

/** The folder of the newest server's programs. Throws `Explained` if there is none. */
function programs(): string {
  const installed = existsSync(versions) ? readdirSync(versions).filter((name) => /^\d+$/.test(name)) : []
  const newest = installed.map(Number).sort((a, b) => b - a)[0]
  const folder = join(versions, String(newest), 'bin')
  if (newest !== undefined && existsSync(join(folder, 'initdb'))) return folder
  throw new Explained('These tests need a PostgreSQL server: apt-get install postgresql')
}

/**
 * Returns the user for the servers. PostgreSQL and PgBouncer refuse to run as root, so in that case it is the user that Debian's
 * package creates.
 */
export function owner(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** Tests do not survive a crash of the machine, so writes need not reach the disk. */
const always: Settings = {
  fsync: 'off',
  full_page_writes: 'off',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'replica',
  max_wal_senders: '4',
  log_min_messages: 'fatal',
}

/**
 * Starts a PostgreSQL server in a temporary folder, on loopback and a free port. It ends when this process ends, at the latest.
 *
 * @param settings of the server, such as `max_connections`
 * @throws Explained if PostgreSQL is not installed
 */
export async function startPostgres(settings: Settings = {}): Promise<PostgresServer> {
  const bin = programs()
  return serverIn(settings, async (data) => {
    execFileSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N'],
      {
        ...owner(),
        stdio: ['ignore', 'ignore', 'inherit'],
        cwd: '/',
      },
    )
  })
}

async function serverIn(settings: Settings, fill: (data: string) => Promise<void>): Promise<PostgresServer> {
  const bin = programs()
  const user = owner()
  const folder = temporaryFolder()
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder.path, user.uid, user.gid)
  const data = join(folder.path, 'data')
  await fill(data)
  const port = await freePort()
  let running: ChildProcess | undefined
  const crashAtExit = () => running?.kill('SIGQUIT')
  process.once('exit', crashAtExit)

  async function start(): Promise<void> {
    const all = Object.entries({ ...always, ...settings, port: String(port) })
    const child = spawn(
      join(bin, 'postgres'),
      ['-D', data, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...user,
        stdio: ['ignore', 'ignore', 'pipe'],
        cwd: '/',
      },
    )
    running = child
    const said: string[] = []
    createInterface(child.stderr).on('line', (line) => said.push(line))
    for (;;) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`)
      if (await answers()) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  const answers = () =>
    run('SELECT 1').then(
      () => true,
      () => false,
    )

  async function end(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const child = running
    running = undefined
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  const url = (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`

  const run = (sql: string, database?: string) => runAt(url(database), sql)

  const server: PostgresServer = {
    port,
    url,
    run,
    create: (database, template) => createDatabase(url(), database, template),
    crash: () => end('SIGQUIT'),
    halt: () => end('SIGINT'),
    start,
    standby: () =>
      serverIn(settings, async (copy) => {
        execFileSync(
          join(bin, 'pg_basebackup'),
          [
            '-D',
            copy,
            '-h',
            '127.0.0.1',
            '-p',
            String(port),
            '-U',
            'postgres',
            '-R',
            '-X',
            'stream',
            '-c',
            'fast',
            '-N',
          ],
          { ...user, stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' },
        )
      }),
    promote: async () => void (await run('SELECT pg_promote(true)')),
    async stop() {
      await end('SIGQUIT')
      process.off('exit', crashAtExit)
      await folder.remove()
    },
  }
  try {
    await start()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Runs SQL in a database. */
export async function runAt(url: string, sql: string) {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    fallback_application_name: 'tests',
    keepAlive: false,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/**
 * Creates a database on the server of `admin`, the URL of another of its databases.
 *
 * @param template the database that it is a copy of
 * @returns its URL
 */
export async function createDatabase(admin: string, name: string, template?: string): Promise<string> {
  await runAt(admin, `CREATE DATABASE "${name}"${template === undefined ? '' : ` TEMPLATE "${template}"`}`)
  return Object.assign(new URL(admin), { pathname: `/${name}` }).href
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
