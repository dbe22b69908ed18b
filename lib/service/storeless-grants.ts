import { createStorelessGrants, type StorelessGrants } from '../oauth/assertions/storeless-grant.ts'
import type { Assertions } from '../oauth/assertions/trusted-issuer.ts'
import { type BlockedClients, createBlockedClients } from '../oauth/clients/blocked-clients.ts'
import { storedBlockList, storedBlocksKey } from '../oauth/clients/stored-blocks.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Composes the check of tokens that no stored grant stands behind. */
export function composeStorelessGrants(
  configuration: Pick<SignInConfiguration, 'signIn'>,
  assertions: Assertions,
  store: Store,
): StorelessGrants {
  return createStorelessGrants({ store, assertions, readBlocked: blockedReaderOf(configuration, store) })
}

/** Makes the reader of the clients that the settings or admins have blocked. */
export function blockedReaderOf(
  { signIn }: Pick<SignInConfiguration, 'signIn'>,
  store: Store,
): (signal: AbortSignal) => Promise<BlockedClients> {
  const bySetting = signIn && createBlockedClients(signIn.blockedClients, log)
  return async (signal) => {
    const stored = createBlockedClients(storedBlockList((await store.get(storedBlocksKey, signal))?.value), log)
    return { blocks: (client) => bySetting?.blocks(client) === true || stored.blocks(client) }
  }
}
