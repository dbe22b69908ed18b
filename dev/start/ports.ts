import { once } from 'node:events'
import { createServer } from 'node:net'
import { CannotStart } from './cannot-start.ts'

/** What listens on each port, in this order from `PORT` on. */
const uses = [
  'the app',
  'the OpenID Provider',
  'the Kapa stand-in',
  'the CRM sink',
  'Blobs',
  'Blobs (uncached)',
  'the API-reference hub',
  'the feedback form',
] as const

export interface Ports {
  readonly app: number
  readonly provider: number
  readonly kapa: number
  readonly crm: number
  readonly edge: number
  readonly uncached: number
  readonly hub: number
  readonly forms: number
}

export const portsFrom = (app: number): Ports => ({
  app,
  provider: app + 1,
  kapa: app + 2,
  crm: app + 3,
  edge: app + 4,
  uncached: app + 5,
  hub: app + 6,
  forms: app + 7,
})

/** Spells the address as browsers do, which omit port 80. It becomes the issuer. */
export const localUrl = (port: number) => new URL(`http://localhost:${port}`).origin

/**
 * Parses `PORT`. Returns 8888 if it is not set.
 *
 * @throws CannotStart if it is not a port with seven more above it
 */
export function parsePort(value: string | undefined): number {
  if (value === undefined || value === '') return 8888
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (port >= 1 && port + uses.length - 1 <= 65_535) return port
  throw new CannotStart(`PORT is "${value}"; it must be a number from 1 to ${65_535 - uses.length + 1}.`)
}

/** @throws CannotStart that names the first of the eight ports that cannot be used, and why */
export async function checkPorts(app: number): Promise<void> {
  for (const [index, use] of uses.entries()) {
    const obstacle = await obstacleAt(app + index)
    if (obstacle === null) continue
    const port = `Port ${app + index}`
    throw new CannotStart(
      obstacle === 'in use'
        ? `${port} is in use; ${use} needs it. Stop the program that uses it, or use other ports: PORT=9000 npm start`
        : `${port} is not allowed (${obstacle}); ${use} needs it. Use other ports: PORT=9000 npm start`,
    )
  }
}

/**
 * Returns the first of eight free ports in a row, and keeps the row for this process: no other caller is given any of them until
 * the process ends, not even one in another process. The ports are below the range from which Linux takes the local ports of
 * outgoing connections, so that a host that was killed finds its port free again.
 */
export async function freePorts(): Promise<number> {
  for (;;) {
    const app = firstRow + rowLength * Math.floor(Math.random() * rows)
    if (!(await keepRow(app))) continue
    const obstacles = await Promise.all(uses.map((_use, index) => obstacleAt(app + index)))
    if (obstacles.every((obstacle) => obstacle === null)) return app
  }
}

const firstRow = 10_000
const rowLength = uses.length + 1
const rows = Math.floor(22_000 / rowLength)

/** Keeps a row of ports by listening on the port after its eight: only one process can. Returns whether this one does. */
async function keepRow(app: number): Promise<boolean> {
  const keeper = createServer().unref()
  keeper.listen(app + uses.length, '127.0.0.1')
  try {
    await once(keeper, 'listening')
    return true
  } catch {
    return false
  }
}

/** Says why a port on loopback cannot be used: `in use`, or the system's code for another reason. Null if it can. */
async function obstacleAt(port: number): Promise<string | null> {
  return (await obstacleOn(port, '127.0.0.1')) ?? (await obstacleOn(port, '::1'))
}

async function obstacleOn(port: number, host: string): Promise<string | null> {
  const server = createServer()
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    // On a machine without IPv6, no program can listen there.
    if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) return null
    return code === 'EADDRINUSE' ? 'in use' : code
  }
  server.close()
  await once(server, 'close')
  return null
}
