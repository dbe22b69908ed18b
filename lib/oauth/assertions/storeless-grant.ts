import { sha256 } from '../../base/sha256.ts'
import type { Store } from '../../store/store.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import { isFenced, readFence } from '../grants/fence.ts'
import { type GrantKey, newGrantId } from '../grants/record.ts'
import type { Assertions, Machine, Tenant } from './trusted-issuer.ts'

/**
 * The claim `grant` of a token that no stored grant stands behind: `<kind>/<entry>/<sub>/<client hash>/<began>.<ends>/<id>`. Its third
 * segment is the `sub`, as in the key of a stored grant.
 */
export interface StorelessGrant {
  readonly kind: 'tenant' | 'machine'
  /** The entry of the settings that the token comes from. */
  readonly entry: string
  readonly sub: string
  readonly clientHash: string
  /** When the assertion or the request was made, and when the token ends, in seconds since the epoch. */
  readonly began: number
  readonly endsAt: number
  readonly id: string
}

const form = /^(tenant|machine)\/([a-z0-9-]+\.[\w-]{8})\/([um]_[\w-]{43})\/([\w-]{43})\/(\d+)\.(\d+)\/([\w-]{22})$/

export function newStorelessGrant(grant: Omit<StorelessGrant, 'id'>): GrantKey {
  const { kind, entry, sub, clientHash, began, endsAt } = grant
  return `${kind}/${entry}/${sub}/${clientHash}/${Math.floor(began)}.${endsAt}/${newGrantId()}`
}

export function readStorelessGrant(grant: GrantKey): StorelessGrant | null {
  const [, kind, entry, sub, clientHash, began, endsAt, id] = form.exec(grant) ?? []
  if (entry === undefined || sub === undefined || clientHash === undefined || id === undefined) return null
  return {
    kind: kind === 'tenant' ? 'tenant' : 'machine',
    entry,
    sub,
    clientHash,
    began: Number(began),
    endsAt: Number(endsAt),
    id,
  }
}

/** The name of the machine in the settings. `undefined`: it is a token of a person. */
export function machineNameIn(grant: GrantKey): string | undefined {
  const { kind, entry } = readStorelessGrant(grant) ?? {}
  return kind === 'machine' ? entry?.slice(0, entry.lastIndexOf('.')) : undefined
}

/** Names an entry of the settings. An entry of the same name for another issuer or client is another one. */
export function entryOf({ name, ...rest }: Tenant | Machine): string {
  const who = 'issuer' in rest ? rest.issuer : rest.proof.kind === 'client' ? rest.proof.clientId : rest.proof.issuer
  return `${name}.${sha256(who).slice(0, 8)}`
}

/**
 * The name of an entry's fence: an admin has ended the machine, or everyone of the company. `ended/<this>` is beside the fences of
 * people, whose ids all begin with `u_` or `m_`.
 */
export const entryFence = (kind: StorelessGrant['kind'], entry: string): string => `${kind}.${entry}`

/** Whether an admin has ended what began at `began`, in seconds since the epoch: its person or machine, or its entry of the settings (N2). */
export async function isEnded(
  store: Store,
  { kind, entry, sub, began }: Pick<StorelessGrant, 'kind' | 'entry' | 'sub' | 'began'>,
  signal: AbortSignal,
): Promise<boolean> {
  const fences = await Promise.all([sub, entryFence(kind, entry)].map((name) => readFence(store, name, signal)))
  return fences.some((fence) => isFenced(fence, began * 1000))
}

/** The collection in the store. Its keys are `revoked-tokens/<end of the token>/<id>`. */
export const revokedTokens = 'revoked-tokens'

const revokedKey = ({ endsAt, id }: StorelessGrant) => `${revokedTokens}/${endsAt}/${id}`

/** Ends and checks tokens without a stored grant. Every function throws `StoreUnavailable`. */
export interface StorelessGrants {
  /** `null`: the claim is that of a stored grant. */
  status(grant: GrantKey, signal: AbortSignal): Promise<'live' | 'ended' | null>
  /** Ends a token (RFC 7009). Returns `null` if the claim is that of a stored grant, or malformed. */
  revoke(grant: GrantKey, signal: AbortSignal): Promise<StorelessGrant | null>
}

/**
 * Makes the check of tokens without a stored grant (N2). Such a token has ended if its company or its machine is no longer in the
 * settings, if an admin has ended its person, its company or its machine after it began, if its client is blocked, or if the client
 * revoked it.
 */
export function createStorelessGrants({
  store,
  assertions: { tenants, machines },
  readBlocked,
}: {
  readonly store: Store
  readonly assertions: Assertions
  /** Reads the clients that are blocked. Throws `StoreUnavailable`. */
  readonly readBlocked: (signal: AbortSignal) => Promise<BlockedClients>
}): StorelessGrants {
  const entries = {
    tenant: new Set(tenants.map(entryOf)),
    machine: new Set(machines.map(entryOf)),
  }
  return {
    async status(key, signal) {
      const grant = readStorelessGrant(key)
      if (!grant) return null
      const { kind, entry, clientHash } = grant
      if (!entries[kind].has(entry)) return 'ended'
      const [ended, revoked, blocked] = await Promise.all([
        isEnded(store, grant, signal),
        store.get(revokedKey(grant), signal),
        readBlocked(signal),
      ])
      return ended || revoked !== null || blocked.blocks({ hash: clientHash }) ? 'ended' : 'live'
    },
    async revoke(key, signal) {
      const grant = readStorelessGrant(key)
      if (grant) await store.put(revokedKey(grant), {}, signal)
      return grant
    },
  }
}
