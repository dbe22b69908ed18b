import * as v from 'valibot'
import {
  assignAll,
  control,
  endpointFault,
  headersOf,
  listenOnLoopback,
  misbehave,
  pathOf,
  readBody,
  sendJson,
  takeFault,
} from '../stand-in.ts'

export interface CrmSink {
  /** Where to POST. */
  readonly url: string
  received(): readonly Delivery[]
  reset(): void
  readonly faults: CrmFaults
  stop(): Promise<void>
}

/** One POST, recorded when it arrives, whatever is answered. */
export interface Delivery {
  /** As sent; the text itself if it is not JSON. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What it was answered; null until then. */
  readonly status: number | null
}

interface Recorded extends Delivery {
  status: number | null
}

const crmFaults = v.strictObject({ webhook: v.optional(endpointFault) })
/** `{ kind: 'status', status: 301, location: … }` is the answer that a form service gives to a lost POST (M-09). */
export type CrmFaults = v.InferOutput<typeof crmFaults>

/**
 * A customer-relations system that takes a webhook and remembers it. `GET /__mock/received`, `POST /__mock/reset` and
 * `POST /__mock/faults` do over HTTP what the handle does in process.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startCrmSink(options: { readonly port: number }): Promise<CrmSink> {
  const deliveries: Recorded[] = []
  const faults: CrmFaults = {}
  const reset = () => {
    deliveries.length = 0
    assignAll(faults, {})
  }
  const controls = {
    'GET /__mock/received': () => deliveries,
    'POST /__mock/reset': reset,
    'POST /__mock/faults': (body: unknown) => assignAll(faults, v.parse(crmFaults, body)),
  }

  const { port, stop } = await listenOnLoopback(options.port, async (request, response) => {
    if (await control(controls, request, response)) return
    if (request.method === 'GET' && pathOf(request) === '/') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      return void response.end('The CRM sink of the local world: it takes POSTs, and /__mock/received shows them.\n')
    }
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
    const text = await readBody(request).catch(() => undefined)
    if (text === undefined) return void response.writeHead(413).end()
    const delivery: Recorded = { body: parseJson(text), headers: headersOf(request), at: Date.now(), status: null }
    deliveries.push(delivery)
    response.once('finish', () => {
      delivery.status = response.statusCode
    })
    const fault = takeFault(faults.webhook, () => delete faults.webhook)
    if (fault !== undefined && (await misbehave(fault, response))) return
    sendJson(response, 200, { ok: true })
  })
  return { url: `http://localhost:${port}/`, received: () => deliveries, reset, faults, stop }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
