import type { BlockedClients } from './blocked-clients.ts'
import type { Client } from './client.ts'

/** The clients that the operator configures, such as an existing web application or an own connector. */
export type ConfiguredClients = ReturnType<typeof createConfiguredClients>

export function createConfiguredClients(clients: readonly Client[], blocked: BlockedClients) {
  const byId = new Map(clients.map((client) => [client.id, client]))
  return {
    /** Returns `null` if there is no such client, or if the operator has blocked it. */
    find(clientId: string): Client | null {
      const client = byId.get(clientId)
      return client && !blocked.blocks({ hash: client.hash, urls: client.redirectUris }) ? client : null
    },
  }
}
