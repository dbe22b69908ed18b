import type { Kapa } from '../../../dev/kapa/server.ts'
import type { World } from '../../../dev/start/world.ts'
import { createPinnedKey } from '../../support/pinned-key.ts'
import { type DocumentHost, startDocumentHost } from './documents.ts'

/** The system that a profile runs against. */
export interface ProfileStack {
  /** Also the issuer. */
  readonly url: string
  /** What the user has typed into the client. */
  readonly mcpUrl: string
  readonly kapa: Pick<Kapa, 'calls'>
  readonly documents: DocumentHost
  /** The same access token after its expiry. */
  expired(accessToken: string): Promise<string>
}

/** What must exist before the stack. Start the stack with `settings`, and pass it to `around`. */
export interface ProfileWorld {
  readonly settings: Readonly<Record<string, string>>
  around(stack: Pick<World, 'url' | 'mcpUrl' | 'kapa'>): ProfileStack
  stop(): Promise<void>
}

export async function startProfileWorld(): Promise<ProfileWorld> {
  const documents = await startDocumentHost()
  const key = createPinnedKey()
  const past = Math.floor(Date.now() / 1000) - 7200
  return {
    settings: { ...documents.settings, ...key.settings },
    around: ({ url, mcpUrl, kapa }) => ({
      url,
      mcpUrl,
      kapa,
      documents,
      expired: (accessToken) => key.resign(accessToken, { claims: { iat: past, exp: past + 3600 } }),
    }),
    stop: () => documents.stop(),
  }
}
