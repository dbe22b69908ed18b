import assert from 'node:assert/strict'
import fc from 'fast-check'
import { authorizePath } from '../../dev/worlds/authorization-server.ts'
import { type Damage, damage, damaged, isSameToken } from './hostile.ts'
import { type Answer, soundAnswer } from './invariants.ts'
import { discardKit, type Kit, kit, type ValueKind, valueKinds } from './kit.ts'
import { askWithBearer } from './mcp-endpoint.ts'
import { property } from './property.ts'

/** The places where a client or browser presents a value, and the kind that each accepts. */
export const places = {
  'code at the token endpoint': 'code',
  'refresh_token at the token endpoint': 'refresh token',
  'client_id at the token endpoint': 'client id',
  'code_verifier at the token endpoint': 'code verifier',
  'client_id at the authorization endpoint': 'client id',
  'request of the consent form': 'consent form',
  'browser cookie of the consent form': 'browser cookie',
  'state of the callback': 'upstream state',
  'cookie of the callback': 'transaction cookie',
  'cookie of the confirmation': 'confirmation cookie',
  'bearer token at the MCP endpoint': 'access token',
} as const satisfies Record<string, ValueKind>
type Place = keyof typeof places

const isPlace = (text: string): text is Place => text in places
export const allPlaces: readonly Place[] = Object.keys(places).filter(isPlace)

/**
 * Presents `value` there, in a request that is valid otherwise. Throws `AssertionError` unless the server refuses it
 * and changes nothing.
 */
export async function expectRefusal(place: Place, value: string): Promise<void> {
  const all = await kit()
  const before = await all.contents()
  const response = await present(place, value, all)
  if (place === 'bearer token at the MCP endpoint') {
    assert([400, 401].includes(response.status), `accepted: ${response.status}`)
  } else {
    isRefusal(await soundAnswer(response))
  }
  assert.equal(await all.contents(), before)
}

function isRefusal({ status, headers, text }: Answer): void {
  assert.equal(headers.get('location'), null)
  const cookies = headers.getSetCookie().filter((cookie) => cookie.startsWith('__Host-tx.'))
  assert.deepEqual(cookies, [])
  assert(!text.includes('access_token'), text)
  // A browser with another cookie gets a new consent page of its own.
  assert(status >= 400 || text.includes('name="request"'), `${status}`)
}

function present(
  place: Place,
  value: string,
  { server, values, clientId, pkce, redirectUri, waiting }: Kit,
): Promise<Response> {
  const token = (form: Record<string, string>) => post('/oauth/token', form)
  const post = (path: string, form: Record<string, string>, cookie = '') => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      origin: server.issuer,
      cookie,
    }
    return server.fetch(path, { method: 'POST', headers, body: new URLSearchParams(form) })
  }
  const code = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: values.code,
    code_verifier: pkce.verifier,
    redirect_uri: redirectUri,
  }
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: values['refresh token'] }
  const consent = { request: values['consent form'], action: 'approve' }
  const browser = `__Host-browser=${values['browser cookie']}`
  switch (place) {
    case 'code at the token endpoint':
      return token({ ...code, code: value })
    case 'refresh_token at the token endpoint':
      return token({ ...refresh, refresh_token: value })
    case 'client_id at the token endpoint':
      return token({ ...refresh, client_id: value })
    case 'code_verifier at the token endpoint':
      return token({ ...code, code_verifier: value })
    case 'client_id at the authorization endpoint':
      return server.fetch(authorizePath(value, pkce, { redirect_uri: redirectUri }))
    case 'request of the consent form':
      return post('/oauth/approve', { ...consent, request: value }, browser)
    case 'browser cookie of the consent form':
      return post('/oauth/approve', consent, `__Host-browser=${inHeader(value)}`)
    case 'state of the callback': {
      const held = values['transaction cookie']
      const names = new Set([waiting.login, inHeader(value)])
      const cookie = [...names].map((name) => `__Host-tx.${name}=${held}`).join('; ')
      return server.fetch(`/mcp/callback?${new URLSearchParams({ state: value, code: 'x' })}`, { headers: { cookie } })
    }
    case 'cookie of the callback': {
      const headers = { cookie: `__Host-tx.${waiting.login}=${inHeader(value)}` }
      return server.fetch(`/mcp/callback?${new URLSearchParams({ state: waiting.login, code: 'x' })}`, { headers })
    }
    case 'cookie of the confirmation': {
      const state = waiting.confirmation
      return post('/oauth/confirm', { state, action: 'confirm' }, `__Host-tx.${state}=${inHeader(value)}`)
    }
    case 'bearer token at the MCP endpoint':
      return askWithBearer(server, inHeader(value))
  }
}

/** Replaces characters that would end the value in a header. The result is another value. */
const inHeader = (text: string) => text.replace(/[^\x21-\x2b\x2d-\x3a\x3c-\x7e]/g, '!')

const cases: fc.Arbitrary<{ kind: ValueKind; place: Place; how: Damage | null }> = fc.record({
  kind: fc.constantFrom(...valueKinds),
  place: fc.constantFrom(...allPlaces),
  how: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: damage }),
})

export const sealedValues = property({
  name: 'sealed values: each place accepts only an undamaged value of its own kind',
  cases: 700,
  values: cases.filter(({ kind, place, how }) => how !== null || places[place] !== kind),
  afterFailure: discardKit,
  async holds({ kind, place, how }) {
    const { values } = await kit()
    const value = how === null ? values[kind] : damaged(values[kind], how)
    if (place === 'bearer token at the MCP endpoint' && isSameToken(value, values['access token'])) return
    await expectRefusal(place, value)
  },
})

/** Checks that each kind works in its own place. Without this, a server that refuses everything would pass. */
export async function expectEachWorksWhereItBelongs(): Promise<void> {
  for (const place of allPlaces) {
    discardKit()
    const all = await kit()
    const response = await present(place, all.values[places[place]], all)
    assert(response.status < 400, `${place}: ${response.status}`)
    await response.body?.cancel()
  }
}
