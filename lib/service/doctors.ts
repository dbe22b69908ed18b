import type { Limit, RateLimit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import { createInstanceLimit } from '../limits/instance-limit.ts'

/** How many registrations of `npm run doctor` an instance takes from one address (N33). The store is not asked. */
const doctors: Limit = { limit: 20, windowSeconds: 3600 }

let limit: RateLimit | undefined

/** Counts a registration of `npm run doctor`. The settings, and so `exempt`, are the same for the life of an instance. */
export function hit(exempt: readonly AddressRange[], ...address: Parameters<RateLimit['hit']>) {
  limit ??= createInstanceLimit({ ...doctors, exempt, now: Date.now })
  return limit.hit(...address)
}
