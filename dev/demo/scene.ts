import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientMemory } from './client.ts'
import type { Listing } from './listing.ts'
import type { Place } from './place.ts'
import type { Exchange, Recorder } from './recorder.ts'

/** The participants of the story, its place, and its listing. */
export interface Scene {
  readonly place: Place
  readonly recorder: Recorder
  /** The published client, and the memory of its OAuth code. */
  readonly client: Client
  readonly memory: ClientMemory
  readonly person: { readonly email: string; readonly organization: string }
  readonly listing: Listing
}

export const transportFor = ({ place, memory, recorder }: Scene) =>
  new StreamableHTTPClientTransport(new URL(place.mcpUrl), { authProvider: memory, fetch: recorder.fetch })

/** Returns a filter for requests to one of these paths. */
export const at =
  (...names: string[]) =>
  ({ url }: Exchange) =>
    names.includes(url.pathname)
