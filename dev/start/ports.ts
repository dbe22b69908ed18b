import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { CannotStart } from './cannot-start.ts'

/** What listens where, in this order from `PORT` on. */
const uses = [
  'the app',
  'the OpenID Provider',
  'the Kapa stand-in',
  'the CRM sink',
  'Blobs',
  'Blobs (uncached)',
] as const

export interface Ports {
  readonly app: number
  readonly provider: number
  readonly kapa: number
  readonly crm: number
  readonly edge: number
  readonly uncached: number
}

export const portsFrom = (app: number): Ports => ({
  app,
  provider: app + 1,
  kapa: app + 2,
  crm: app + 3,
  edge: app + 4,
  uncached: app + 5,
})

/**
 * The value of `PORT`; 8888 if it is not set.
 *
 * @throws CannotStart if it is not a port with five more above it
 */
export function parsePort(value: string | undefined): number {
  if (value === undefined || value === '') return 8888
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (port >= 1 && port + uses.length - 1 <= 65_535) return port
  throw new CannotStart(`PORT is "${value}"; it has to be a number from 1 to ${65_535 - uses.length + 1}.`)
}

/** @throws CannotStart naming the first port of the six that something else listens on */
export async function checkPorts(app: number): Promise<void> {
  for (const [index, use] of uses.entries()) {
    if (await isFree(app + index)) continue
    throw new CannotStart(
      `Port ${app + index} is in use; ${use} needs it. Stop what listens there, or take other ports: PORT=9000 npm start`,
    )
  }
}

/**
 * The first of six free ports in a row. They lie below the range from which Linux takes the local ports of outgoing
 * connections, so that a host that was killed finds its port free again.
 */
export async function freePorts(): Promise<number> {
  for (;;) {
    const app = 10_000 + Math.floor(Math.random() * 22_000)
    const free = await Promise.all(uses.map((_use, index) => isFree(app + index)))
    if (free.every(Boolean)) return app
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'))
}

async function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer()
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    // A machine without IPv6 has nobody on it either.
    return error instanceof Error && 'code' in error && error.code !== 'EADDRINUSE' && error.code !== 'EACCES'
  }
  server.close()
  await once(server, 'close')
  return true
}

/** Whether something on this machine accepts connections at the port. */
export async function answers(port: number): Promise<boolean> {
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
