import assert from 'node:assert/strict'
import { documentCopies } from '../../../lib/oauth/clients/published/last-good-copies.ts'
import type { Answer } from '../invariants.ts'
import { documentClientId, documentEditions } from './document-host.ts'
import type { StoreClient } from './faulty-store.ts'
import type { ClientModel, GrantModel } from './model.ts'
import type { State } from './sign-in.ts'
import type { Instance, World } from './world.ts'

/** The cached document of an instance: its edition, and its expiry in milliseconds. */
export interface KnownDocument {
  readonly edition: number
  readonly expires: number
}

/** Milliseconds: the cache time of a document without `Cache-Control` (M-11), and the lifetime of a copy (M-12). */
const cacheTime = 300_000
const copyTime = 7 * 86_400_000

/**
 * The edition that an instance uses. `copied`: it must read a copy from the store. `refused`: the status of its answer
 * if it has no edition.
 */
interface Foreseen {
  readonly edition: number | undefined
  readonly copied: boolean
  readonly refused: 400 | 503
}

/** The expected outcome of a request of the client that publishes its metadata, if the store works. */
export async function foreseeDocument({ world, known }: State, at: Instance): Promise<Foreseen> {
  const remembered = known.get(at)
  if (remembered && remembered.expires > world.now())
    return { edition: remembered.edition, copied: false, refused: 400 }
  const { condition, edition } = world.documentHost
  if (condition === 'up') {
    known.set(at, { edition, expires: world.now() + cacheTime })
    return { edition, copied: false, refused: 400 }
  }
  if (condition !== 'unreachable' && condition !== 'challenge') {
    return { edition: undefined, copied: false, refused: condition === 'busy' ? 503 : 400 }
  }
  // An instance cannot verify a copy that was signed with a newer secret than its own.
  const usable = (await copiesIn(world)).filter(({ keptAt, kid }) => keptAt + copyTime > world.now() && at.has(kid))
  const [newest] = usable
  return { edition: newest?.edition, copied: true, refused: 503 }
}

/** The expected status of an authorization request of this client, given the faults of the store. */
export function expectedStatus(foreseen: Foreseen, client: ClientModel, { disturbed }: StoreClient): 200 | 400 | 503 {
  // Without the store, the instance has no copy.
  if (foreseen.edition === undefined || (foreseen.copied && disturbed)) return foreseen.refused
  return documentEditions[foreseen.edition]?.redirect_uris.includes(client.redirectUri) ? 200 : 400
}

/** A completed sign-in with a document leaves a copy of it. */
export async function expectCopy(
  { world, known, landed }: State,
  grant: GrantModel,
  at: Instance,
  client: StoreClient,
  answer: Answer,
): Promise<void> {
  const atHand = known.get(at)
  if (grant.client.id !== documentClientId || answer.status !== 200 || client.disturbed || landed) return
  if (!atHand || atHand.expires <= world.now()) return
  const [newest] = await copiesIn(world)
  // The copy may hold another edition, which another instance has fetched.
  assert(newest && newest.keptAt + cacheTime > world.now(), 'no copy of the document')
}

/** Only documents that the host published are copied, and only after a sign-in. */
export async function judgeCopies({ world, grants }: State): Promise<void> {
  const copies = await copiesIn(world)
  for (const { edition } of copies) assert(edition >= 0, 'a copy of a document that the host did not publish')
  const used = grants.some(({ client, redeemed }) => client.id === documentClientId && redeemed > 0)
  assert(used || copies.length === 0, 'a copy before the first sign-in')
}

/** The last good copies in the store, newest first, with their times in milliseconds. */
async function copiesIn({ truth }: World) {
  const { signal } = new AbortController()
  const { keys } = await truth.list(`${documentCopies}/`, signal)
  const copies = await Promise.all(
    keys.toReversed().map(async (key) => {
      // A JWS, so it is readable in the store.
      const { copy } = (await truth.get(key, signal))?.value ?? {}
      const [header = '', payload = ''] = String(copy).split('.')
      const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
      const { d: document, t: keptAt } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const text = JSON.stringify(document)
      const edition = documentEditions.findIndex((each) => JSON.stringify(each) === text)
      return { edition, keptAt: Number(keptAt) * 1_000, kid: String(kid) }
    }),
  )
  return copies
}
