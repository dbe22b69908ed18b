import * as v from 'valibot'
import { type Delivery, startSink } from '../sink.ts'
import { endpointFault, takeFault } from '../stand-in.ts'

export interface CrmSink {
  /** The address for POSTs. Every path below it works, too. */
  readonly url: string
  /** `body` is the JSON that was sent, or the text if it is not JSON. */
  received(): readonly Delivery<unknown>[]
  reset(): void
  readonly faults: CrmFaults
  stop(): Promise<void>
}

const crmFaults = v.strictObject({ webhook: v.optional(endpointFault) })
export type CrmFaults = v.InferOutput<typeof crmFaults>

/**
 * Starts a customer-relations system that accepts a webhook and remembers it; see `startSink`.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startCrmSink(options: { readonly port: number }): Promise<CrmSink> {
  const faults: CrmFaults = {}
  const { port, ...sink } = await startSink({
    ...options,
    about: 'The CRM sink of the local world: it takes POSTs, and /__mock/received shows them.',
    read: (text) => ({ body: parseJson(text) }),
    faults,
    schema: crmFaults,
    take: () => takeFault(faults.webhook, () => delete faults.webhook),
  })
  return { url: `http://localhost:${port}/`, faults, ...sink }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
