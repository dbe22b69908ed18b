import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../temporary-folder.ts'
import { freePort, owner, type PostgresServer } from './server.ts'

/** The program of Debian's package `pgbouncer`. */
export const poolerProgram = '/usr/sbin/pgbouncer'

export interface Pooler {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts PgBouncer in front of a server, on loopback. A client gets a connection of the server for one transaction at a time.
 *
 * @param size the connections to the server
 */
export async function startPooler(server: PostgresServer, size: number): Promise<Pooler> {
  const folder = temporaryFolder()
  chmodSync(folder.path, 0o755)
  const port = await freePort()
  const users = join(folder.path, 'users.txt')
  const settings = join(folder.path, 'pgbouncer.ini')
  writeFileSync(users, '"postgres" ""\n')
  writeFileSync(
    settings,
    `[databases]
postgres = host=127.0.0.1 port=${server.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${size}
`,
  )
  const child = spawn(poolerProgram, ['-q', settings], { ...owner(), stdio: 'ignore', cwd: '/' })
  const exited = once(child, 'exit')
  const stopAtExit = () => child.kill('SIGKILL')
  process.once('exit', stopAtExit)
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    process.off('exit', stopAtExit)
    await folder.remove()
  }
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error('PgBouncer did not start')
    await delay(20)
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
