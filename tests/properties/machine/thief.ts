import assert from 'node:assert/strict'
import { askWhoami } from '../mcp-endpoint.ts'
import type { GrantModel } from './model.ts'
import type { State } from './sign-in.ts'
import type { Instance } from './world.ts'

/**
 * A thief who has copied a client's tokens wants to use the refresh token unnoticed, just after its owner has. So the thief
 * looks again and again at everything that the tokens show, and at each answer that does not use them up.
 */
export interface Thief {
  readonly grant: GrantModel
  readonly refreshToken: string
  readonly accessToken: string
}

/** Copies the newest tokens of a grant; `undefined` if it has none. */
export function steal(grant: GrantModel): Thief | undefined {
  const refreshToken = grant.refreshTokens.get(Math.max(...grant.refreshTokens.keys()))
  const accessToken = grant.accessTokens.at(-1)
  return refreshToken === undefined || accessToken === undefined ? undefined : { grant, refreshToken, accessToken }
}

/** The readable parts of a token. */
export function readable(token: string): readonly unknown[] {
  return token.split('.').flatMap((part) => {
    try {
      return [JSON.parse(Buffer.from(part, 'base64url').toString())]
    } catch {
      return []
    }
  })
}

/** Everything that the thieves see of the active grants at one moment. */
export async function sights({ world, thieves }: State): Promise<ReadonlyMap<Thief, string>> {
  // This instance can open the values of all instances.
  const at = world.instances.at(-1)
  assert(at)
  const seen = thieves
    .filter(({ grant }) => grant.held !== null && grant.held.record.revokedAt === undefined)
    .map(async (thief) => [thief, JSON.stringify(await sightOf(thief, at))] as const)
  return new Map(await Promise.all(seen))
}

async function sightOf({ grant, refreshToken, accessToken }: Thief, at: Instance): Promise<unknown> {
  const post = (path: string, form: Record<string, string>) =>
    at.server.fetch(path, { method: 'POST', body: new URLSearchParams(form) })
  const refresh = { grant_type: 'refresh_token', client_id: grant.client.id, refresh_token: refreshToken }
  const stranger = { client_id: 'https://thief.example/client.json' }
  const answers = [
    post('/oauth/token', { ...refresh, resource: 'https://elsewhere.example/mcp' }),
    post('/oauth/token', { ...refresh, ...stranger }),
    post('/oauth/token', { ...refresh, client_secret: 'guess' }),
    post('/oauth/token', { ...refresh, refresh_token: `${refreshToken}x` }),
    post('/oauth/token', { ...refresh, grant_type: 'authorization_code', code: refreshToken, code_verifier: 'x' }),
    post('/oauth/revoke', { ...stranger, token: refreshToken }),
    post('/oauth/revoke', { ...stranger, token: accessToken }),
    askWhoami(at.server, accessToken),
  ]
  const seen = answers.map(async (answer) => {
    const { status, headers } = await answer
    return [status, [...headers].filter(([name]) => name !== 'date'), await (await answer).text()]
  })
  return [readable(refreshToken), readable(accessToken), await Promise.all(seen)]
}

/** A thief with an earlier token of the grant sees no difference, however often the owner has refreshed. */
export function expectNoDifference(before: ReadonlyMap<Thief, string>, after: ReadonlyMap<Thief, string>): void {
  for (const [thief, seen] of after) {
    const earlier = before.get(thief)
    assert(earlier === undefined || seen === earlier, `a thief can tell whether the owner has refreshed: ${seen}`)
  }
}
