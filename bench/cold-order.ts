import * as v from 'valibot'
import { hostOptions } from '../dev/host/options.ts'

/** What the parent asks of a cold child. */
export const coldOrder = v.object({
  name: v.string(),
  path: v.string(),
  /** POST if there is one. */
  body: v.optional(v.string()),
  host: hostOptions,
})
export type ColdOrder = v.InferOutput<typeof coldOrder>

/** Milliseconds from before the function's module is loaded to the end of its first answer; and the CPU time of that. */
export const coldTimes = v.object({ wall: v.number(), cpu: v.number(), status: v.number() })
export type ColdTimes = v.InferOutput<typeof coldTimes>
