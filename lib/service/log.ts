import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../base/log.ts'
import { toJson } from '../base/well-formed.ts'

const requests = new AsyncLocalStorage<string>()

/** Runs the work of one request: every line it logs carries the request's id. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return requests.run(requestId, work)
}

/** One JSON line per event, to the function log; the platform's own times are lost when lines are passed on. */
export const log: Log = (event, fields) => {
  console.log(toJson({ time: new Date().toISOString(), event, requestId: requests.getStore(), ...fields }))
}
