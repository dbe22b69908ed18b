import * as v from 'valibot'

/** The order of the parent to a child that measures CPU. */
export const cpuOrder = v.object({
  rounds: v.number(),
  /** Repetitions of each operation in a round. */
  repetitions: v.number(),
  /** The Blobs emulator, for the child that needs it. */
  blobs: v.object({ siteID: v.string(), token: v.string(), edgeURL: v.string(), uncachedEdgeURL: v.string() }),
})
export type CpuOrder = v.InferOutput<typeof cpuOrder>

/** CPU time of each operation in µs, one value for each round, by name. */
export const cpuResults = v.record(v.string(), v.array(v.number()))
export type CpuResults = v.InferOutput<typeof cpuResults>
