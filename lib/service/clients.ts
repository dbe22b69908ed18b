import type { RateLimit } from '../base/rate-limit.ts'
import { fetchUntrusted } from '../net/fetch-untrusted.ts'
import { type BlockedClients, createBlockedClients, nobodyBlocked } from '../oauth/clients/blocked-clients.ts'
import { createConfiguredClients } from '../oauth/clients/configured-clients.ts'
import { createMetadataDocuments, type DocumentLimits } from '../oauth/clients/published/documents.ts'
import { createKeySets } from '../oauth/clients/published/key-sets.ts'
import { createLastGoodCopies } from '../oauth/clients/published/last-good-copies.ts'
import { createRegistrations } from '../oauth/clients/registration.ts'
import { createClients } from '../oauth/clients/resolve.ts'
import { createRegistrationSealer } from '../oauth/clients/sealed-registration.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { ClientSettings } from '../settings/clients.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** How we introduce ourselves to hosts of metadata documents and keys. */
const userAgent = 'mcp-oauth-broker'

/** Everybody who may be a client, by the settings. */
export function composeClients(options: {
  readonly issuer: string
  readonly settings: ClientSettings
  readonly sealing: Sealing
  readonly store: Store
  /** Of what one address makes us fetch; absent: none. */
  readonly fetchLimit: RateLimit | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}) {
  const { issuer, settings, store, fetchLimit, now } = options
  const policy = settings.redirectPolicy
  const blocked = createBlockedClients(settings.blockedClients, log)
  const sealer = createRegistrationSealer(options.sealing)
  const fetched = {
    fetch: (url: string, limits: DocumentLimits) =>
      fetchUntrusted(url, { ...limits, userAgent, localOrigins: settings.cimdLocalOrigins }),
    ownHost: new URL(issuer).host,
    ...(fetchLimit && { limit: fetchLimit }),
    log,
    now,
  }
  const metadataDocuments = createMetadataDocuments({
    ...fetched,
    policy,
    ...(settings.cimdAllowedHosts && { allowedHosts: settings.cimdAllowedHosts }),
    blocked,
    copies: createLastGoodCopies({ store, sealing: options.sealing, now, log }),
  })
  const registrationsWithout = (unknown: BlockedClients) =>
    createRegistrations({ sealer, policy, blocked: unknown, now })
  const clientsWithout = (unknown: BlockedClients) =>
    createClients({
      configured: createConfiguredClients(settings.configuredClients, unknown),
      registrations: registrationsWithout(unknown),
      metadataDocuments,
    })
  return {
    clients: clientsWithout(blocked),
    /** Blocked ones as well: they may still revoke what they have. */
    clientsOfAll: clientsWithout(nobodyBlocked),
    registrations: registrationsWithout(blocked),
    keySets: createKeySets(fetched),
    metadataDocuments,
    blocked,
    redirectPolicy: policy,
  }
}
