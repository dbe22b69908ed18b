import { dayBefore } from '../base/days.ts'
import { withDeadline } from '../base/deadline.ts'
import { spentProofs } from '../dpop/spend.ts'
import { sweepDays, sweepEnded } from '../limits/sweep.ts'
import { revokedTokens } from '../oauth/assertions/storeless-grant.ts'
import { assertionIds } from '../oauth/client-authentication/assertion-ids.ts'
import { documentCopies } from '../oauth/clients/published/last-good-copies.ts'
import { sweepGrants } from '../oauth/grants/sweep.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { rotateSigningKeys } from '../oauth/keys/signing-key-rotation.ts'
import { endedAddresses } from '../oauth/logout/ended-addresses.ts'
import { signedOut } from '../oauth/logout/signed-out.ts'
import { usedTokens } from '../oauth/logout/used-tokens.ts'
import { collection as attempts } from '../people/attempts/step.ts'
import { collection as audit, byPerson as auditByPerson } from '../people/audit/entry.ts'
import { deadCollection } from '../people/outbox/message.ts'
import { type Configuration, readConfiguration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { proofs } from '../store/readiness.ts'
import type { Store } from '../store/store.ts'

import type { Swept } from '../store/sweep.ts'

import { composeAudit } from './audit.ts'

import { log } from './log.ts'
import { sealDeadMessagesAnew } from './outbox.ts'
import { careForPeople } from './people-care.ts'
import { storeOf } from './store.ts'

/** Milliseconds. The platform ends a scheduled function at 30 s. The next run continues where this one stopped. */
const deadline = 20_000
/** Milliseconds of it for the digests of the audit log. The next run continues where this one stopped. */
const digestTime = 12_000

/** Days that sign-outs at the provider are kept. A session lives eight hours, and a sign-in takes one. */
const signOutDays = 1

/** Deletes what has expired, and rotates the signing keys when they are due. A further run changes nothing more. */
export async function maintain(site: Site): Promise<Swept> {
  const store = storeOf(site)
  const now = Date.now()
  const configuration = readConfiguration(process.env, site)
  const { kept } = configuration
  const [sweeps] = await withDeadline(deadline, (signal) =>
    Promise.all([
      Promise.all([
        sweepGrants(store, now, signal),
        sweepDays(store, attempts, dayBefore(now, kept.attemptDays), signal),
        ...[audit, auditByPerson].map((collection) =>
          sweepDays(store, collection, dayBefore(now, kept.auditDays), signal),
        ),
        ...[signedOut, endedAddresses].map((collection) =>
          sweepDays(store, collection, dayBefore(now, signOutDays), signal),
        ),
        ...['limits', assertionIds, usedTokens, spentProofs, revokedTokens, documentCopies, proofs, deadCollection].map(
          (collection) => sweepEnded(store, collection, now, signal),
        ),
      ]),
      rotateKeys(site, store, signal),
      careForPeople(site, signal),
      digestAudit(configuration, store, signal),
      sealDeadMessagesAnew(site, signal),
      tendVault(configuration, store, signal),
    ]),
  )
  const swept = {
    removed: sweeps.reduce((sum, { removed }) => sum + removed, 0),
    finished: sweeps.every(({ finished }) => finished),
  }
  log('swept', swept)
  return swept
}

/** Ends the records of the vault whose grants have ended. A failure does not stop the sweep. */
async function tendVault(configuration: Configuration, store: Store, signal: AbortSignal): Promise<void> {
  try {
    const { vaultOf } = await import('./vault.ts')
    const vault = vaultOf(configuration, store)
    if (vault) await (await import('../oauth/vault/sweep-vault.ts')).sweepVault(store, vault, Date.now(), signal)
  } catch (error) {
    log('vault_sweep_failed', { error: String(error) })
  }
}

/** Makes the digests of the audit log that are due. A failure does not stop the sweep. */
async function digestAudit(configuration: Configuration, store: Store, signal: AbortSignal): Promise<void> {
  // While the secret is missing or wrong, nothing can be signed. The log says why.
  if (!configuration.secrets) return
  const { makeDigests } = composeAudit(configuration, store)
  try {
    const finished = await withDeadline(digestTime, makeDigests, signal)
    if (!finished) log('audit_digest_unfinished')
  } catch (error) {
    log('audit_digest_failed', { error: String(error) })
  }
}

/** Rotates the signing keys in the store, unless the operator has their own. A failure does not stop the sweep. */
async function rotateKeys(site: Site, store: Store, signal: AbortSignal): Promise<void> {
  const { issuer, signingJwk, signIn } = readConfiguration(process.env, site)
  // While sign-in is out of service, there is no secret to trust. The log says why.
  if (signingJwk || !signIn) return
  const sealing = createSealing(issuer, signIn.secrets)
  try {
    await rotateSigningKeys({ issuer, store, sealing, now: Date.now, log }, signal)
  } catch (error) {
    log('signing_key_rotation_failed', { error: String(error) })
  }
}
