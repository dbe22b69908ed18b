import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js'
import { personSignsIn } from '../../dev/browser/person.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { createV1Client } from './sdk-v1.ts'
import { createV2Client } from './sdk-v2.ts'
import type { SdkClient, SdkVersion } from './story.ts'

export interface Sdk extends SdkVersion {
  readonly name: string
  /** If a tool needs more scopes, 1.x refreshes, which never adds scopes, and gives up. */
  readonly stepsUp: boolean
}

/** Each SDK with each revision that it supports. */
export const sdks: readonly Sdk[] = [
  { name: 'SDK 1.x', version: LATEST_PROTOCOL_VERSION, create: createV1Client, stepsUp: false },
  {
    name: 'SDK 2.x of 2025',
    version: '2025-11-25',
    create: (options) => createV2Client(options, {}),
    stepsUp: true,
  },
  {
    name: 'SDK 2.x of 2026',
    version: '2026-07-28',
    create: (options) => createV2Client(options, { versionNegotiation: { mode: 'auto' } }),
    stepsUp: true,
  },
]

export interface SdkPerson {
  readonly email: string
  readonly organization?: string
}

/**
 * Does the work of a user. If the client asks for a sign-in, the user signs in, and the work is repeated.
 *
 * @returns how often the user had to sign in: 0 or 1
 */
export async function withSignIn<T>(
  client: SdkClient,
  person: SdkPerson,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly signIns: number }> {
  try {
    return { result: await work(), signIns: 0 }
  } catch (error) {
    const authorizationUrl = client.authorizationUrl()
    if (!client.asksForSignIn(error) || !authorizationUrl) throw error
    await client.finishAuth(await personSignsIn({ authorizationUrl, ...person, browser: createWatchedBrowser() }))
    return { result: await work(), signIns: 1 }
  }
}
