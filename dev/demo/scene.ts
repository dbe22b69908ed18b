import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientMemory } from './client.ts'
import type { Listing } from './listing.ts'
import type { Place } from './place.ts'
import type { Exchange, Recorder } from './recorder.ts'

/** Who takes part in the story, where, and what is told of it. */
export interface Scene {
  readonly place: Place
  readonly recorder: Recorder
  /** The published client, and what its OAuth code keeps. */
  readonly client: Client
  readonly memory: ClientMemory
  readonly person: { readonly email: string; readonly organization: string }
  readonly listing: Listing
}

export const transportFor = ({ place, memory, recorder }: Scene) =>
  new StreamableHTTPClientTransport(new URL(place.mcpUrl), { authProvider: memory, fetch: recorder.fetch })

/** Picks the requests for one of these paths. */
export const at =
  (...names: string[]) =>
  ({ url }: Exchange) =>
    names.includes(url.pathname)
