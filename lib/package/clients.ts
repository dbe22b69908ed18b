import { defined } from '../base/defined.ts'
import type { Log } from '../base/log.ts'
import type { RateLimit } from '../base/rate-limit.ts'
import { fetchUntrusted } from '../net/fetch-untrusted.ts'
import { createBlockedClients, noneBlocked } from '../oauth/clients/blocked-clients.ts'
import { createConfiguredClients } from '../oauth/clients/configured-clients.ts'
import { createMetadataDocuments, type DocumentLimits } from '../oauth/clients/published/documents.ts'
import { createKeySets } from '../oauth/clients/published/key-sets.ts'
import { createLastGoodCopies } from '../oauth/clients/published/last-good-copies.ts'
import { createRegistrations } from '../oauth/clients/registration.ts'
import { createClients } from '../oauth/clients/resolve.ts'
import { createRegistrationSealer } from '../oauth/clients/sealed-registration.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { Store } from '../store/store.ts'
import type { CheckedOptions } from './checked-options.ts'

/** The name of this server in requests for metadata documents and keys. */
const userAgent = 'mcp-oauth-broker'

/** Makes everything that finds a client or its keys, and everything that decides about it. */
export function composeClients(
  checked: CheckedOptions,
  parts: {
    readonly store: Store
    readonly sealing: Sealing
    /** Limits the fetches that one address causes; absent: no limit. */
    readonly fetchLimit: RateLimit | undefined
    readonly log: Log
    /** Milliseconds since the epoch. */
    readonly now: () => number
  },
) {
  const { issuer, policy, configuredClients } = checked
  const { store, sealing, fetchLimit, log, now } = parts
  const blocked = createBlockedClients(checked.blocked, log)
  const sealer = createRegistrationSealer(sealing)
  const fetched = {
    fetch: (url: string, limits: DocumentLimits) => fetchUntrusted(url, { ...limits, userAgent, localOrigins: [] }),
    ownHost: new URL(issuer).host,
    ...defined({ limit: fetchLimit }),
    log,
    now,
  }
  const copies = createLastGoodCopies({ store, sealing, now, log })
  const metadataDocuments = createMetadataDocuments({ ...fetched, policy, blocked, copies })
  const clientsWithout = (unknown: typeof blocked) =>
    createClients({
      configured: createConfiguredClients(configuredClients, unknown),
      registrations: createRegistrations({ sealer, policy, blocked: unknown, now }),
      metadataDocuments,
    })
  return {
    clients: clientsWithout(blocked),
    /** Includes blocked clients, which may still revoke their tokens. */
    clientsOfAll: clientsWithout(noneBlocked),
    registrations: createRegistrations({ sealer, policy, blocked, now }),
    keySets: createKeySets(fetched),
    metadataDocuments,
    blocked,
    redirectPolicy: policy,
  }
}
