import type { Client } from './client.ts'
import type { ConfiguredClients } from './configured-clients.ts'
import type { MetadataDocuments } from './published/documents.ts'
import type { Registrations } from './registration.ts'
import type { Unresolved } from './unresolved.ts'

/** Finds the client of a client_id. */
export interface Clients {
  /**
   * @param address the caller's IP address, which limits the documents that are fetched; if absent, there is no limit
   * @param subject counts these fetches apart; if absent, they count together with those for pages
   */
  resolve(clientId: string, signal: AbortSignal, address?: string, subject?: string): Promise<Client | Unresolved>
}

/**
 * Refuses registrations that are signed with a leaked secret, for servers where registration is not open. An attacker with that
 * secret could register a client with it. Such clients may still refresh and revoke their grants.
 */
export function withoutRetiredSecrets(clients: Clients): Clients {
  return {
    async resolve(clientId, signal, address) {
      const client = await clients.resolve(clientId, signal, address)
      if ('kind' in client || !client.underRetiredSecret) return client
      return { kind: 'invalid', detail: 'registered under a retired secret while registration is not open' }
    },
  }
}

export function createClients(options: {
  readonly registrations: Registrations
  /** If absent, there are none. */
  readonly configured?: ConfiguredClients
  readonly metadataDocuments: Pick<MetadataDocuments, 'resolve'>
}): Clients {
  return {
    async resolve(clientId, signal, address, subject) {
      // The URL of a metadata document (M-01). No registration begins like this.
      if (clientId.startsWith('https://')) return options.metadataDocuments.resolve(clientId, signal, address, subject)
      const client = options.configured?.find(clientId) ?? (await options.registrations.resolve(clientId))
      return client ?? { kind: 'invalid', detail: 'not a registration of this server' }
    },
  }
}
