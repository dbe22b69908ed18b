import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { headersOf, pathOf, readBody, sendJson } from '../../dev/stand-in.ts'
import { createTestCa } from '../../dev/tls/ca.ts'

export type Application = { readonly client_id: string; readonly name: string } & Readonly<Record<string, unknown>>

/** A stand-in for an Auth0 tenant: the part of the Management API that applications need. */
export interface Tenant {
  /** `localhost:<port>` */
  readonly domain: string
  /** PEM, for `NODE_EXTRA_CA_CERTS`. */
  readonly caPem: string
  /** For the Management API. */
  readonly accessToken: string
  readonly applications: Application[]
  /** Each request to the Management API that is not a read, as `PATCH /api/v2/clients/x`. */
  readonly changes: string[]
  stop(): Promise<void>
}

/** @see https://auth0.com/docs/api/management/v2/clients */
export async function startTenant(applications: Application[]): Promise<Tenant> {
  const accessToken = newId()
  const changes: string[] = []
  const ca = await createTestCa('Auth0 stand-in')
  const server = createServer(await ca.certificateFor(['localhost']), (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      console.error(error)
      sendJson(response, 500, {})
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const path = pathOf(request)
    const text = await readBody(request)
    if (headersOf(request).authorization !== `Bearer ${accessToken}`)
      return sendJson(response, 401, { statusCode: 401 })
    if (request.method !== 'GET') changes.push(`${request.method} ${path}`)
    const [, collection, id] = /^\/api\/v2\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
    if (collection !== 'clients') return sendJson(response, 200, request.method === 'GET' ? [] : {})
    const body = text === '' ? {} : JSON.parse(text)
    const index = applications.findIndex((application) => application.client_id === id)
    if (request.method === 'GET' && id === undefined) {
      const total = applications.length
      return sendJson(response, 200, { clients: applications, start: 0, limit: 100, length: total, total })
    }
    if (request.method === 'POST' && id === undefined) {
      const created = { ...body, client_id: newId() }
      applications.push(created)
      return sendJson(response, 201, created)
    }
    const known = applications[index]
    if (!known) return sendJson(response, 404, { statusCode: 404 })
    if (request.method === 'PATCH') applications[index] = { ...known, ...body }
    if (request.method === 'DELETE') applications.splice(index, 1)
    return sendJson(response, 200, applications[index] ?? {})
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    domain: `localhost:${port}`,
    caPem: ca.caPem,
    accessToken,
    applications,
    changes,
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const newId = () => randomBytes(16).toString('hex')
