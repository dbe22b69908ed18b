import * as v from 'valibot'

/** What the benchmark asks of the process of a peer, over the channel between them. */
export type Command =
  /** Milliseconds that each operation of the store takes from now on. */
  | { readonly name: 'delay'; readonly milliseconds: number }
  /** Answers with `Usage`. */
  | { readonly name: 'usage' }
  /** Copies stored records until there are so many. */
  | { readonly name: 'seed'; readonly records: number }

const counts = v.object({
  read: v.number(),
  write: v.number(),
  delete: v.number(),
  list: v.number(),
  transaction: v.number(),
})

/** What a peer has used since it started. */
export const usage = v.object({
  counts,
  /** CPU time of all its threads, in microseconds. */
  cpu: v.number(),
  /** Records in its store now. */
  records: v.number(),
  /** Resident memory, in MB. */
  memory: v.number(),
})
export type Usage = v.InferOutput<typeof usage>

/** Where a peer answers. */
export const ready = v.object({
  origin: v.string(),
  metadata: v.string(),
  register: v.string(),
  authorize: v.string(),
  token: v.string(),
  /** A route that needs a valid access token. */
  resource: v.string(),
  /** Sent with each authorization and token request. Absent: the peer does not take one. */
  resourceIdentifier: v.optional(v.string()),
  scope: v.string(),
  /** More parameters that this peer needs in an authorization request to give a refresh token. */
  more: v.optional(v.record(v.string(), v.string())),
})
export type Ready = v.InferOutput<typeof ready>

/** The address of the OpenID Provider, and of the client that each peer is there. A peer has them in its environment. */
export const upstreamClient = { id: 'bench', secret: 'bench-secret-that-protects-nothing-at-all' }
