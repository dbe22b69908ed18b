import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import { type Delivery, startSink } from '../sink.ts'
import { endpointFault, takeFault } from '../stand-in.ts'

/** What the CRM read from a POST. */
export interface CrmRead {
  /** The JSON that was sent, or the text if it is not JSON. */
  readonly body: unknown
  /** The `webhook-id` of Standard Webhooks, or null. */
  readonly id: string | null
  /** Whether one of the signatures is right; null if there is none. */
  readonly verified: boolean | null
}

export interface CrmSink {
  /** The address for POSTs. Every path below it works, too. */
  readonly url: string
  received(): readonly Delivery<CrmRead>[]
  /** The messages that the CRM has accepted, each id once: what a real receiver would have acted on. */
  messages(): readonly Delivery<CrmRead>[]
  reset(): void
  readonly faults: CrmFaults
  stop(): Promise<void>
}

const crmFaults = v.strictObject({ webhook: v.optional(endpointFault) })
export type CrmFaults = v.InferOutput<typeof crmFaults>

/**
 * Starts a customer-relations system that accepts a webhook and remembers it; see `startSink`. It refuses a POST whose
 * signature is wrong with 401, and one without a signature if it has a secret. Each fault of `faults` is a way to misbehave.
 *
 * @param options `secret` as Standard Webhooks writes it: `whsec_` and base64
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startCrmSink(options: { readonly port: number; readonly secret?: string }): Promise<CrmSink> {
  const faults: CrmFaults = {}
  const { secret } = options
  const { port, received, ...sink } = await startSink({
    port: options.port,
    about: 'The CRM sink of the local world: it takes POSTs, and /__mock/received shows them.',
    read: (text, request): CrmRead => ({
      body: parseJson(text),
      id: header(request, 'webhook-id') || null,
      verified: verify(text, request, secret),
    }),
    refuse: ({ verified }) => (verified === false || (secret !== undefined && !verified) ? 401 : undefined),
    faults,
    schema: crmFaults,
    take: () => takeFault(faults.webhook, () => delete faults.webhook),
  })
  const messages = () => {
    const accepted = received().filter(({ status }) => status === 200)
    return [...new Map(accepted.map((delivery) => [delivery.id ?? delivery, delivery])).values()]
  }
  return { url: `http://localhost:${port}/`, faults, received, messages, ...sink }
}

/** Seconds by which the time of an attempt may differ from ours. */
const tolerance = 300

/** Verifies a message as the Standard Webhooks specification says. */
function verify(text: string, request: IncomingMessage, secret: string | undefined): boolean | null {
  const [id, timestamp] = [header(request, 'webhook-id'), header(request, 'webhook-timestamp')]
  const signatures = header(request, 'webhook-signature')
  if (secret === undefined || signatures === '') return null
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`)
  const isNow = Math.abs(Date.now() / 1000 - Number(timestamp)) <= tolerance
  return isNow && signatures.split(' ').some((one) => isEqual(Buffer.from(one), expected))
}

const isEqual = (one: Buffer, other: Buffer) => one.length === other.length && timingSafeEqual(one, other)

const header = (request: IncomingMessage, name: string) => String(request.headers[name] ?? '')

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
