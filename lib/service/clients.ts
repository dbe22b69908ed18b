import { whenNeeded } from '../base/when-needed.ts'
import { type BlockedClients, createBlockedClients, noneBlocked } from '../oauth/clients/blocked-clients.ts'
import { createConfiguredClients } from '../oauth/clients/configured-clients.ts'
import type { MetadataDocuments } from '../oauth/clients/published/documents.ts'
import type { KeySets } from '../oauth/clients/published/key-sets.ts'
import { createRegistrations } from '../oauth/clients/registration.ts'
import { createClients } from '../oauth/clients/resolve.ts'
import { createRegistrationSealer } from '../oauth/clients/sealed-registration.ts'
import { log } from './log.ts'
import type { PublishedClientOptions } from './published-clients.ts'

/** Makes, from the settings, everything that finds a client or its keys, and everything that decides about it. */
export function composeClients(
  options: Omit<PublishedClientOptions, 'blocked'> & { readonly blockedByAdmins: BlockedClients },
) {
  const { settings, now, blockedByAdmins } = options
  const policy = settings.redirectPolicy
  const bySetting = createBlockedClients(settings.blockedClients, log)
  const blocked: BlockedClients = { blocks: (client) => bySetting.blocks(client) || blockedByAdmins.blocks(client) }
  const sealer = createRegistrationSealer(options.sealing)
  const { metadataDocuments, keySets } = loadedWhenNeeded({ ...options, blocked })
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
    /** Includes blocked clients, which may still revoke their tokens. */
    clientsOfAll: clientsWithout(noneBlocked),
    registrations: registrationsWithout(blocked),
    keySets,
    metadataDocuments,
    blocked,
    redirectPolicy: policy,
  }
}

/** Loads the code for documents and keys that clients publish when the first such client comes. */
function loadedWhenNeeded(options: PublishedClientOptions) {
  let isLoaded = false
  const published = whenNeeded(async () => {
    isLoaded = true
    return (await import('./published-clients.ts')).composePublishedClients(options)
  })
  const metadataDocuments: MetadataDocuments = {
    resolve: async (...request) => (await published()).metadataDocuments.resolve(...request),
    async keepCopy(...copy) {
      // An instance that has not loaded the code has seen no document.
      if (isLoaded) await (await published()).metadataDocuments.keepCopy(...copy)
    },
  }
  const keySets: KeySets = { find: async (...request) => (await published()).keySets.find(...request) }
  return { metadataDocuments, keySets }
}
