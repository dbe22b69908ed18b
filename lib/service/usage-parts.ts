import * as v from 'valibot'
import { sha256 } from '../base/sha256.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { createPseudonymSource, type PseudonymSource } from '../people/usage/pseudonyms.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { storeOf } from './store.ts'

const payload = v.object({ key: v.string() })

/** The pseudonyms of a site. Their key is sealed in the store, for this purpose. */
export function pseudonymsOf(site: Site, sealing: Sealing, store: Store = storeOf(site)): PseudonymSource {
  const sealer = sealing.encrypted('usage-key', payload)
  return createPseudonymSource({
    store,
    issuerHash: sha256(site.issuer),
    sealer: { kid: sealing.currentKid, seal: (key) => sealer.seal(key), open: (sealed) => sealer.open(sealed) },
    now: Date.now,
  })
}
