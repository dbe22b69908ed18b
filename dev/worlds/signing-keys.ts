import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import { rotateSigningKeys } from '../../lib/oauth/keys/signing-key-rotation.ts'
import {
  createPublicKeys,
  createSigningKeys,
  createStoredKeysReader,
  parseStoredKeys,
  storeKeyOf,
} from '../../lib/oauth/keys/signing-keys.ts'
import { rs256 } from '../../lib/resource-server/algorithms.ts'
import { createVerificationKeys } from '../../lib/resource-server/verification-keys.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'
import type { Store } from '../../lib/store/store.ts'
import { newSecrets } from './authorization-server.ts'
import { recorded } from './recording.ts'

/** The world of the rotation tests: a clock, the logged lines, and instances of the service around one store. */

export const issuer = 'https://docs.example'
export const { signal } = new AbortController()
/** Milliseconds, like the clock. */
export const hour = 3_600_000
export const day = 24 * hour
export const secrets = newSecrets()

interface Line {
  readonly event: string
  readonly kid: unknown
}

const start = Date.UTC(2026, 10, 21)
export const world: { clock: number; logged: Line[] } = { clock: start, logged: [] }

export function resetWorld(): void {
  world.clock = start
  world.logged = []
}

/** Makes an instance of the service, with its own copy of the record and its own clock. */
export function instance(store: Store, { skew = 0, using = secrets } = {}) {
  const now = () => world.clock + skew
  const sealing = createSealing(issuer, using)
  const log = recorded((event, fields = {}) => world.logged.push({ event, kid: fields.kid }))
  const stored = createStoredKeysReader({ issuer, store, now })
  const publicKeys = createPublicKeys(stored)
  const keys = createSigningKeys({ issuer, store, stored, sealing, now, log })
  const verification = createVerificationKeys({ publicKeys, now, onWithdrawn: () => undefined })
  return {
    now,
    kidThatSigns: async () => (await keys.signer(signal)).kid,
    published: async () => (await publicKeys(signal)).keys.map(({ kid }) => kid),
    verifies: async (kid: string, issuedAt: number) =>
      (await verification.find(kid, rs256, () => issuedAt, signal)) !== null,
    maintain: () => rotateSigningKeys({ issuer, store, sealing, now, log }, signal),
  }
}

export async function recordOf(store: Store) {
  const found = await store.get(storeKeyOf(issuer), signal)
  return { version: found?.version, keys: found ? parseStoredKeys(found.value).keys : [] }
}

export const kidsOf = async (store: Store) => (await recordOf(store)).keys.map(({ kid }) => kid)

/** Makes a site whose first key was created just now. */
export async function createSite() {
  const store = createMemoryStore()
  const service = instance(store)
  const first = await service.kidThatSigns()
  world.logged = []
  return { store, service, first }
}

/** Makes a site whose second key was created just now, 90 days after the first. */
export async function createSiteWithTwo() {
  const { store, service, first } = await createSite()
  world.clock += 90 * day
  await service.maintain()
  const [, second = ''] = await kidsOf(store)
  world.logged = []
  return { store, service, first, second }
}
