import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../base/log.ts'
import { toJson } from '../base/well-formed.ts'

const requests = new AsyncLocalStorage<string>()

/** Runs the work of one request. Every line that it logs has the id of the request. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return requests.run(requestId, work)
}

/** Writes one JSON line per event to the function log, with the time: a log drain loses the platform's own times. */
export const log: Log = (event, fields) => {
  console.log(toJson({ time: new Date().toISOString(), event, requestId: requests.getStore(), ...fields }))
}
