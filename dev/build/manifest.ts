import { readFile } from 'node:fs/promises'
import * as v from 'valibot'

const route = v.object({
  pattern: v.string(),
  literal: v.optional(v.string()),
  expression: v.optional(v.string()),
  methods: v.optional(v.array(v.string()), []),
  prefer_static: v.optional(v.boolean()),
})

const manifestFunction = v.object({
  name: v.string(),
  /** Folder of this function's artifact. */
  path: v.string(),
  runtimeVersion: v.optional(v.string()),
  routes: v.optional(v.array(route), []),
  excludedRoutes: v.optional(v.array(route), []),
  schedule: v.optional(v.string()),
  trafficRules: v.optional(
    v.object({
      action: v.object({
        type: v.string(),
        config: v.object({
          rateLimitConfig: v.object({ windowLimit: v.number(), windowSize: v.number(), algorithm: v.string() }),
          aggregate: v.object({ keys: v.array(v.object({ type: v.string() })) }),
        }),
      }),
    }),
  ),
})

const manifest = v.object({ functions: v.array(manifestFunction) })

export type ManifestFunction = v.InferOutput<typeof manifestFunction>
export type ManifestRoute = v.InferOutput<typeof route>

/** What zip-it-and-ship-it tells Netlify about the functions: what is not in here does not exist in production. */
export async function readManifest(path: string): Promise<readonly ManifestFunction[]> {
  return v.parse(manifest, JSON.parse(await readFile(path, 'utf8'))).functions
}
