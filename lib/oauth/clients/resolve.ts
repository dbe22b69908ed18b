import type { Client } from './client.ts'
import type { MetadataDocuments } from './metadata-documents.ts'
import type { Registrations } from './registration.ts'
import type { Unresolved } from './unresolved.ts'

/** Everybody's way in: who is behind a client_id. */
export interface Clients {
  resolve(clientId: string, signal: AbortSignal): Promise<Client | Unresolved>
}

export function createClients(options: {
  readonly registrations: Registrations
  readonly metadataDocuments: MetadataDocuments
}): Clients {
  return {
    async resolve(clientId, signal) {
      // M-01. No registration of ours begins like this.
      if (clientId.startsWith('https://')) return options.metadataDocuments.resolve(clientId, signal)
      const client = await options.registrations.resolve(clientId)
      return client ?? { kind: 'invalid', detail: 'not a registration of ours' }
    },
  }
}
