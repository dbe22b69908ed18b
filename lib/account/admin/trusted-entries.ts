import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { sha256 } from '../../base/sha256.ts'
import { entryFence, entryOf } from '../../oauth/assertions/storeless-grant.ts'
import type { Assertions, Machine, Tenant } from '../../oauth/assertions/trusted-issuer.ts'
import { clientIdOf } from '../../oauth/assertions/workload-client.ts'
import { readFence, writeFence } from '../../oauth/grants/fence.ts'
import type { Store } from '../../store/store.ts'

export type EntryKind = 'tenant' | 'machine'

/** A company of `MCP_TENANTS` or a machine of `MCP_MACHINES`, as admins see it. */
export interface TrustedEntry {
  readonly kind: EntryKind
  readonly name: string
  readonly title?: string
  /** The issuer whose assertions count. Absent: the machine authenticates as a client. */
  readonly issuer?: string
  readonly client?: string
  /** Names the machine in the list of blocked clients. Absent for a company. */
  readonly clientHash?: string
  readonly domains?: readonly string[]
  readonly scope?: readonly string[]
  /** Calls in a window. 0: no limit. Absent: the limit of all machines. */
  readonly limit?: number
  /** Seconds since the epoch. What the entry got before gives nothing any more. */
  readonly endedAt?: number
}

/** The companies and the machines of the settings, and how to end what they got. Every function throws `StoreUnavailable`. */
export interface TrustedEntries {
  list(kind: EntryKind, signal: AbortSignal): Promise<readonly TrustedEntry[]>
  has(kind: EntryKind, name: string): boolean
  /**
   * Ends every token that the company's people, or the machine, got until now, and every assertion that was made until now (N2). What
   * the issuer says some seconds later counts again: only the settings, or a block, keep it out.
   */
  end(kind: EntryKind, name: string, signal: AbortSignal): Promise<void>
}

/** Fences that are read at the same time. */
const atOnce = 32

/** @param now milliseconds since the epoch */
export function createTrustedEntries(
  store: Store,
  { tenants, machines }: Assertions = { tenants: [], machines: [] },
  now: () => number,
): TrustedEntries {
  const of = (kind: EntryKind): readonly (Tenant | Machine)[] => (kind === 'tenant' ? tenants : machines)
  const find = (kind: EntryKind, name: string) => of(kind).find((entry) => entry.name === name)

  return {
    list: (kind, signal) =>
      inParallel(of(kind), atOnce, async (entry) => {
        const fence = await readFence(store, entryFence(kind, entryOf(entry)), signal)
        return defined({ ...shown(entry), endedAt: fence ? Math.floor(fence.at / 1000) : undefined })
      }),
    has: (kind, name) => find(kind, name) !== undefined,
    async end(kind, name, signal) {
      const entry = find(kind, name)
      if (!entry) throw new TypeError('not an entry of the settings')
      const fence = { at: now(), reason: 'ended_by_admin', forgetting: false }
      await writeFence(store, entryFence(kind, entryOf(entry)), fence, signal)
    },
  }
}

function shown(entry: Tenant | Machine): TrustedEntry {
  if ('issuer' in entry) {
    const { name, title, issuer, domains, scope } = entry
    return { kind: 'tenant', name, ...defined({ title, scope }), issuer, domains: [...domains] }
  }
  const { name, scope, limit, proof } = entry
  const who = proof.kind === 'client' ? { client: proof.clientId } : { issuer: proof.issuer }
  return { kind: 'machine', name, ...who, clientHash: sha256(clientIdOf(entry)), scope, ...defined({ limit }) }
}
