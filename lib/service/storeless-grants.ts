import { createStorelessGrants, type StorelessGrants } from '../oauth/assertions/storeless-grant.ts'
import type { Assertions } from '../oauth/assertions/trusted-issuer.ts'
import { createBlockedClients } from '../oauth/clients/blocked-clients.ts'
import { storedBlockList, storedBlocksKey } from '../oauth/clients/stored-blocks.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Composes the check of tokens that no stored grant stands behind. */
export function composeStorelessGrants(
  { signIn }: Pick<SignInConfiguration, 'signIn'>,
  assertions: Assertions,
  store: Store,
): StorelessGrants {
  const bySetting = signIn && createBlockedClients(signIn.blockedClients, log)
  return createStorelessGrants({
    store,
    assertions,
    async readBlocked(signal) {
      const stored = createBlockedClients(storedBlockList((await store.get(storedBlocksKey, signal))?.value), log)
      return { blocks: (client) => bySetting?.blocks(client) === true || stored.blocks(client) }
    },
  })
}
