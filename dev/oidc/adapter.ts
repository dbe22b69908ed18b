import { join } from 'node:path'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import { openCollection } from './collection.ts'

/**
 * Makes the storage of `oidc-provider`. Sessions survive a restart, so that users stay signed in. Codes and unfinished
 * sign-ins do not.
 *
 * @param directory absent: nothing survives the process
 */
export function createAdapters(directory?: string): AdapterFactory {
  const made = new Map<string, Adapter>()
  return (kind) => {
    const adapter =
      made.get(kind) ?? createAdapter(kind === 'Session' && directory ? join(directory, 'sessions') : undefined)
    made.set(kind, adapter)
    return adapter
  }
}

function createAdapter(directory: string | undefined): Adapter {
  const payloads = openCollection(isPayload, directory)
  return {
    upsert: async (id, payload, expiresIn) => payloads.set(id, payload, expiresIn),
    find: async (id) => payloads.get(id),
    findByUid: async (uid) => payloads.find((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => payloads.find((payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = payloads.get(id)
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async (id) => payloads.delete(id),
    async revokeByGrantId(grantId) {
      const next = () => payloads.find((payload) => payload.grantId === grantId)?.jti
      for (let id = next(); id !== undefined; id = next()) payloads.delete(id)
    },
  }
}

function isPayload(value: unknown): value is AdapterPayload {
  return typeof value === 'object' && value !== null
}
