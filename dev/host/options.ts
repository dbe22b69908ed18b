import * as v from 'valibot'

/** What the supervisor tells a function host; see `startHost` for the meaning of each. */
export const hostOptions = v.object({
  directory: v.string(),
  manifestPath: v.string(),
  port: v.number(),
  /** The site's files, by their paths. */
  files: v.record(v.string(), v.string()),
  blobs: v.object({ siteID: v.string(), token: v.string(), edgeURL: v.string(), uncachedEdgeURL: v.string() }),
  deploy: v.object({ id: v.string(), context: v.string(), published: v.boolean(), branch: v.string() }),
})

export type HostOptions = v.InferOutput<typeof hostOptions>

/** Supervisor to host. */
export const order = v.variant('type', [
  v.object({ type: v.literal('start'), options: hostOptions }),
  v.object({ type: v.literal('stop') }),
])

/** Host to supervisor. `closed`: the port is free, though requests may still be in flight. */
export const notice = v.variant('type', [
  v.object({ type: v.literal('listening'), port: v.number() }),
  v.object({ type: v.literal('failed'), error: v.string() }),
  v.object({ type: v.literal('closed') }),
])

export type Notice = v.InferOutput<typeof notice>
