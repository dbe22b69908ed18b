import { defined } from '../base/defined.ts'
import type { RateLimit } from '../base/rate-limit.ts'
import { fetchUntrusted } from '../net/fetch-untrusted.ts'
import type { BlockedClients } from '../oauth/clients/blocked-clients.ts'
import { createMetadataDocuments, type DocumentLimits } from '../oauth/clients/published/documents.ts'
import { createKeySets } from '../oauth/clients/published/key-sets.ts'
import { createLastGoodCopies } from '../oauth/clients/published/last-good-copies.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { ClientSettings } from '../settings/clients.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

export interface PublishedClientOptions {
  readonly issuer: string
  readonly settings: ClientSettings
  readonly sealing: Sealing
  readonly store: Store
  /** Limits the fetches that one address causes; absent: no limit. */
  readonly fetchLimit: RateLimit | undefined
  readonly blocked: BlockedClients
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Our name in requests for metadata documents and keys. */
const userAgent = 'mcp-oauth-broker'

/** Makes the readers of clients' metadata documents and key sets. A sign-in of a registered client needs neither. */
export function composePublishedClients(options: PublishedClientOptions) {
  const { issuer, settings, sealing, store, fetchLimit, blocked, now } = options
  const fetched = {
    fetch: (url: string, limits: DocumentLimits) =>
      fetchUntrusted(url, { ...limits, userAgent, localOrigins: settings.cimdLocalOrigins }),
    ownHost: new URL(issuer).host,
    ...defined({ limit: fetchLimit }),
    log,
    now,
  }
  const copies = createLastGoodCopies({ store, sealing, now, log })
  return {
    metadataDocuments: createMetadataDocuments({
      ...fetched,
      policy: settings.redirectPolicy,
      blocked,
      copies,
      ...defined({ allowedHosts: settings.cimdAllowedHosts }),
    }),
    keySets: createKeySets(fetched),
  }
}
