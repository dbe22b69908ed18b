import type { Client } from './client.ts'
import type { ConfiguredClients } from './configured-clients.ts'
import type { MetadataDocuments } from './published/documents.ts'
import type { Registrations } from './registration.ts'
import type { Unresolved } from './unresolved.ts'

/** Everybody's way in: who is behind a client_id. */
export interface Clients {
  /**
   * @param address of the caller: some answers cost a fetch, which is limited by it; absent: not limited
   * @param subject what is counted apart; absent: pages that people go to
   */
  resolve(clientId: string, signal: AbortSignal, address?: string, subject?: string): Promise<Client | Unresolved>
}

/**
 * Where not everybody may register, a registration under a leaked secret begins no sign-in: whoever has that secret could
 * register with it. What such clients have they may refresh and revoke.
 */
export function withoutRetiredSecrets(clients: Clients): Clients {
  return {
    async resolve(clientId, signal, address) {
      const client = await clients.resolve(clientId, signal, address)
      if ('kind' in client || !client.underRetiredSecret) return client
      return { kind: 'invalid', detail: 'registered under a retired secret, and registration is not open' }
    },
  }
}

export function createClients(options: {
  readonly registrations: Registrations
  /** Absent: none. */
  readonly configured?: ConfiguredClients
  readonly metadataDocuments: Pick<MetadataDocuments, 'resolve'>
}): Clients {
  return {
    async resolve(clientId, signal, address, subject) {
      // M-01. No registration of ours begins like this.
      if (clientId.startsWith('https://')) return options.metadataDocuments.resolve(clientId, signal, address, subject)
      const client = options.configured?.find(clientId) ?? (await options.registrations.resolve(clientId))
      return client ?? { kind: 'invalid', detail: 'not a registration of ours' }
    },
  }
}
