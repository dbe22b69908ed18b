import { lookup, Resolver } from 'node:dns/promises'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** Resolves a host name to all its addresses. Rejects when there is none, or when the signal fires. */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly ResolvedAddress[]>

/**
 * Asks DNS, without the machine's hosts file. `dns.lookup` cannot be cancelled and holds a thread of the pool for as long
 * as an attacker's name server stays silent: all other look-ups would wait behind it.
 */
export const resolvePublicName: Resolve = async (hostname, signal) => {
  const resolver = new Resolver()
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
    return [...addresses(v4, 4), ...addresses(v6, 6)]
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Resolves as other programs on this machine do: the local world needs `localhost`. */
export const resolveLocalName: Resolve = (hostname) => lookup(hostname, { all: true })

function addresses(answer: PromiseSettledResult<string[]>, family: number): ResolvedAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
}
