import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { createSingleFlight } from '../../base/single-flight.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import type { UsageClient } from './event.ts'

/**
 * Names people, companies and clients for keys and for other receivers. Each name is an HMAC of 120 bits under a stored key: without
 * the key, the name of a person or a domain cannot be found by guessing (N28).
 */
export interface Pseudonyms {
  /** When the key was made, in milliseconds since the epoch. No event is older. */
  readonly since: number
  /** @param sub our own id of the person */
  person(sub: string): string
  /** @param id of a `Company` */
  company(id: string): string
  /** All clients that registered under one name share one pseudonym, because most clients register again on each machine. */
  client(client: UsageClient): string
  /** Names an email address for the search by exact address. Upper and lower case make no difference. */
  address(email: string): string
  /**
   * Returns another name of the same person, company or client for one receiver, so that two receivers cannot combine their data.
   */
  forReceiver(receiver: string, pseudonym: string): string
}

/** Seals the key for the store. */
export interface KeySealer {
  /** Names the secret that seals now. */
  readonly kid: string
  seal(payload: { readonly key: string }): string
  /** `null`: the value was not sealed for this purpose, or its secret is unknown. */
  open(sealed: string): { readonly key: string } | null
}

/** The stored key does not open, or is damaged. It is never replaced by a new key, because every pseudonym would change. */
export class UnreadablePseudonymKey extends Error {
  override readonly name = 'UnreadablePseudonymKey'
}

export interface PseudonymsOptions {
  readonly store: Store
  /** A segment of a store key: a sealed key opens for one issuer only. */
  readonly issuerHash: string
  readonly sealer: KeySealer
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Loads the pseudonyms: one read of the store for each instance. Throws `StoreUnavailable` and `UnreadablePseudonymKey`. */
export interface PseudonymSource {
  /** Makes the key if there is none yet. */
  load(signal: AbortSignal): Promise<Pseudonyms>
  /** `null`: nothing was ever recorded. */
  existing(signal: AbortSignal): Promise<Pseudonyms | null>
  /** Seals the key under the current secret, if another one sealed it. */
  sealAnew(signal: AbortSignal): Promise<void>
}

const keyBytes = 32
/** 120 bits: 20 characters. */
const pseudonymBytes = 15

export function createPseudonymSource(options: PseudonymsOptions): PseudonymSource {
  const { store, sealer, now } = options
  const storeKey = `usage-keys/${options.issuerHash}`
  const reading = createSingleFlight<Pseudonyms | null>()
  let known: Pseudonyms | undefined

  async function read(signal: AbortSignal): Promise<Pseudonyms | null> {
    const stored = await store.get(storeKey, signal)
    if (!stored) return null
    const { sealed, createdAt } = stored.value
    const opened = typeof sealed === 'string' ? sealer.open(sealed) : null
    if (!opened || typeof createdAt !== 'number') {
      throw new UnreadablePseudonymKey('the key of pseudonyms does not open: was MCP_OAUTH_SECRET changed?')
    }
    known = pseudonymsOf(createSecretKey(Buffer.from(opened.key, 'base64url')), createdAt)
    return known
  }

  async function readOrCreate(signal: AbortSignal): Promise<Pseudonyms> {
    const found = await read(signal)
    if (found) return found
    const sealed = sealer.seal({ key: randomBytes(keyBytes).toString('base64url') })
    await store.create(storeKey, { sealed, kid: sealer.kid, createdAt: now() }, signal)
    // If several instances start at once, all use the key of the one that created it first.
    const winner = await read(signal)
    if (!winner) throw new StoreUnavailable('the key of pseudonyms that was just made cannot be read')
    return winner
  }

  return {
    async load(signal) {
      if (known) return known
      const loaded = await reading.runOrRetry('load', () => readOrCreate(signal))
      if (!loaded) throw new StoreUnavailable('there is no key of pseudonyms')
      return loaded
    },
    existing: async (signal) => known ?? reading.runOrRetry('existing', () => read(signal)),
    async sealAnew(signal) {
      const stored = await store.get(storeKey, signal)
      if (!stored || stored.value.kid === sealer.kid) return
      const opened = typeof stored.value.sealed === 'string' ? sealer.open(stored.value.sealed) : null
      if (!opened) return
      const sealed = { ...stored.value, sealed: sealer.seal(opened), kid: sealer.kid }
      await store.replace(storeKey, sealed, stored.version, signal)
    },
  }
}

function pseudonymsOf(key: KeyObject, since: number): Pseudonyms {
  const name = (kind: string, text: string) =>
    createHmac('sha256', key).update(`${kind}\n${text}`).digest().subarray(0, pseudonymBytes).toString('base64url')
  return {
    since,
    person: (sub) => name('person', sub),
    company: (id) => name('company', id),
    client: (client) => name('client', familyOf(client)),
    address: (email) => name('address', email.trim().toLowerCase()),
    forReceiver: (receiver, pseudonym) => name(`receiver ${receiver}`, pseudonym),
  }
}

const longestClientName = 64

/** Returns what identifies a client for counting: its metadata document, otherwise its name. */
function familyOf({ hash, name, host, machine }: UsageClient): string {
  if (machine) return `machine ${name}`
  return host === undefined ? `name ${[...(name ?? '')].slice(0, longestClientName).join('')}` : `document ${hash}`
}
