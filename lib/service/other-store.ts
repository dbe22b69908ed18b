import { createSettingsReader } from '../settings/reader.ts'
import { storeRows } from '../settings/rows/store.ts'
import type { Site } from '../settings/site.ts'
import { readStore } from '../settings/store.ts'
import type { BlobsStore } from '../store/blobs/blobs.ts'
import { guardedTarget } from '../store/moving/open-move.ts'
import { type Database, openDatabase } from '../store/postgres/database.ts'
import { createPostgresStore } from '../store/postgres/postgres.ts'
import { askForRole } from '../store/postgres/statements.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import { log } from './log.ts'
import type { SiteMove } from './move.ts'

type BlobsNamed = (site: Site, name: string) => BlobsStore

/**
 * Creates the store of this name that `STORE_BACKEND` names, or while records move, the one that is made of both. Throws
 * `StoreUnavailable`.
 */
export async function otherStore(site: Site, name: string, blobsNamed: BlobsNamed): Promise<BlobsStore> {
  const move = await currentMove(site, blobsNamed)
  return move ? move.storeNamed(name) : guardedTarget(storeOn(settings().backend, name, site, blobsNamed), 'blobs')
}

/** Returns every store that the site uses. Throws `StoreUnavailable`. */
export async function otherStores(site: Site, blobsNamed: BlobsNamed): Promise<readonly Store[]> {
  const move = await currentMove(site, blobsNamed)
  return move ? move.stores : [storeOn(settings().backend, site.storeName, site, blobsNamed)]
}

/** Returns what the site uses while its records move; `null` if they do not. The code of a move is loaded only then. */
export async function currentMove(site: Site, blobsNamed: BlobsNamed): Promise<SiteMove | null> {
  const { backend, movingFrom } = settings()
  if (movingFrom === undefined) return null
  const { moveOf } = await import('./move.ts')
  const move = { from: movingFrom, to: backend }
  return moveOf(site, move, (which, name) => storeOn(which, name, site, blobsNamed))
}

/** Returns one of the two stores. A wrong word in a setting is a store that is never available. */
const storeOn = (backend: string, name: string, site: Site, blobsNamed: BlobsNamed): BlobsStore =>
  backend === 'blobs' ? blobsNamed(site, name) : createPostgresStore({ site: name, database })

const settings = () => readStore(createSettingsReader(process.env, storeRows))

/** Says whether the role of the service is a superuser of the database. `undefined`: there is none, or it does not answer. */
export async function isSuperuser(signal: AbortSignal): Promise<boolean | undefined> {
  const answer = await database().ask(askForRole, signal)
  return answer.kind === 'done' ? answer.rows[0]?.superuser === true : undefined
}

let known: { readonly url: string; readonly database: Database } | undefined

/**
 * Returns the database of this invocation. Netlify names it anew at each invocation, so the settings are read each time. All
 * stores of an instance share its connections. A wrong setting throws `StoreUnavailable`.
 */
function database(): Database {
  const { backend, movingFrom, databaseUrl, connections } = settings()
  if (![backend, movingFrom].includes('postgres') || databaseUrl === undefined)
    throw new StoreUnavailable('the store is not configured')
  if (known?.url !== databaseUrl) {
    known?.database.close()
    const onRefusal = (reason: string) => log('store_refused', { reason })
    known = { url: databaseUrl, database: openDatabase({ url: databaseUrl, connections, onRefusal }) }
  }
  return known.database
}
