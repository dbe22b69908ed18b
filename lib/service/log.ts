import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../base/log.ts'
import { toJson } from '../base/well-formed.ts'

/** What every line of a request says. */
interface Request {
  readonly requestId: string
  /** The code of the attempt that the request belongs to, once it is known. */
  attempt?: string
}

const requests = new AsyncLocalStorage<Request>()

/** Runs the work of one request. Every line that it logs has the id of the request. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return requests.run({ requestId }, work)
}

/** Adds the code of an attempt to every further line of the request. */
export function noteAttempt(code: string): void {
  const request = requests.getStore()
  if (request) request.attempt = code
}

/** Writes one JSON line per event to the function log, with the time: a log drain loses the platform's own times. */
export const log: Log = (event, fields) => {
  console.log(toJson({ time: new Date().toISOString(), event, ...requests.getStore(), ...fields }))
}
