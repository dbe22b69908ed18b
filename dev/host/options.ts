import * as v from 'valibot'

const platform = v.object({
  blobs: v.object({ siteID: v.string(), token: v.string(), edgeURL: v.string(), uncachedEdgeURL: v.string() }),
  deploy: v.object({ id: v.string(), context: v.string(), published: v.boolean(), branch: v.string() }),
})

/** What the functions learn about the platform that runs them. */
export type Platform = v.InferOutput<typeof platform>

/** The options that the supervisor sends to a function host; see `startHost` for the meaning of each. */
export const hostOptions = v.object({
  directory: v.string(),
  manifestPath: v.string(),
  port: v.number(),
  /** The site's files, by their paths. */
  files: v.record(v.string(), v.string()),
  ...platform.entries,
})

export type HostOptions = v.InferOutput<typeof hostOptions>

/** Messages from the supervisor to the host. */
export const order = v.variant('type', [
  v.object({ type: v.literal('start'), options: hostOptions }),
  v.object({ type: v.literal('stop') }),
])

/** Messages from the host to the supervisor. `closed`: the port is free, but requests may still run. */
export const notice = v.variant('type', [
  v.object({ type: v.literal('listening'), port: v.number() }),
  v.object({ type: v.literal('failed'), error: v.string() }),
  v.object({ type: v.literal('closed') }),
])

export type Notice = v.InferOutput<typeof notice>
