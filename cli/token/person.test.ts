import { expect, test } from 'vitest'
import { tokenOfPerson } from './person.ts'
import type { Service } from './service.ts'

const origin = 'https://docs.example.com'
const service: Service = {
  ...{ issuer: origin, resource: `${origin}/mcp`, tokenEndpoint: `${origin}/oauth/token` },
  ...{ authorizationEndpoint: `${origin}/oauth/authorize`, registrationEndpoint: undefined },
  ...{ namesIssuer: true, grantTypes: ['authorization_code'] },
}

/** Signs in, with an answer that names this issuer. Returns what was sent to the server. */
async function signIn(iss: string | undefined, status = 200) {
  const sent: RequestInit[] = []
  const showAddress = (url: string) => {
    const { searchParams } = new URL(url)
    const answer = new URL(searchParams.get('redirect_uri') ?? '')
    answer.searchParams.set('code', 'c')
    answer.searchParams.set('state', searchParams.get('state') ?? '')
    if (iss !== undefined) answer.searchParams.set('iss', iss)
    void fetch(answer)
  }
  const asked: typeof globalThis.fetch = async (_url, init = {}) => {
    sent.push(init)
    return Response.json({ access_token: 'token' }, { status })
  }
  const found = await tokenOfPerson(service, { scope: 'docs:read', clientId: 'c', fetch: asked, showAddress, time: 5_000 }).catch((error: Error) => error.message) // biome-ignore format: one line
  return { found, sent }
}

test.each(['https://evil.example', `${origin}/`, undefined])(
  'a code that comes with another issuer, or with none, is sent nowhere: %s',
  async (iss) => {
    const { found, sent } = await signIn(iss)
    expect([found, sent]).toEqual([expect.stringContaining('comes from another server'), []])
  },
)

test('the code follows no redirect', async () => {
  const { found, sent } = await signIn(origin)
  expect([found, sent.map(({ redirect }) => redirect)]).toEqual([expect.objectContaining({ access_token: 'token' }), ['manual']]) // biome-ignore format: one line
})
