import { copyTokenOf, keptAdminToken } from './local-env.ts'
import { localUrl } from './ports.ts'
import { findRunning } from './running.ts'
import { defaultState } from './state.ts'

/** The address and the admin token of the system that `npm start` runs on this machine. Null: it does not run. */
export async function localAdmin(): Promise<{ readonly origin: string; readonly token: string } | null> {
  const running = await findRunning(defaultState)
  return running && { origin: localUrl(running.port), token: await keptAdminToken(defaultState) }
}

/** The address and the copy token of the system that `npm start` runs on this machine. Null: it does not run. */
export async function localCopy(): Promise<{ readonly origin: string; readonly token: string } | null> {
  const local = await localAdmin()
  return local && { ...local, token: copyTokenOf(local.token) }
}
