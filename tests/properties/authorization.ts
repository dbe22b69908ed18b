import assert from 'node:assert/strict'
import fc from 'fast-check'
import { newPkce, register } from '../../dev/worlds/authorization-server.ts'
import { defined } from '../../lib/base/defined.ts'
import { hostileHeader } from './hostile.ts'
import { type Answer, assertRedirectsOnlyTo, contentsOf, soundAnswer } from './invariants.ts'
import { documentClientId } from './machine/document-host.ts'
import { createWorld } from './machine/world.ts'
import { changed, changes, encoded, type Pairs, single, spelling, valuesOf } from './parameters.ts'
import { property } from './property.ts'
import { isSamePlace } from './redirect-uris.ts'

const { challenge } = newPkce()
const good = {
  redirect_uri: 'http://127.0.0.1:7777/callback',
  response_type: 'code',
  code_challenge: challenge,
  code_challenge_method: 'S256',
  state: 'client state',
  scope: 'docs:read',
  resource: 'https://docs.example/mcp',
}
const rest = ['prompt', 'response_mode', 'request', 'request_uri', 'nonce', 'client_id', 'iss', 'code']
const redirectUris = [
  good.redirect_uri,
  'http://localhost:1/callback',
  'https://claude.ai/api/mcp/auth_callback',
  'https://app.example/callback',
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'https://claude.ai:8443/callback',
  'https://claude.ai.evil.example/callback',
  'http://127.0.0.1:7777/claude.ai',
]
/** The registered redirect URIs of each client below. */
const registrations = [redirectUris, redirectUris.slice(0, 1), redirectUris.slice(1), ['https://claude.ai/published']]
const values = [
  ...Object.values(good),
  ...redirectUris,
  'https://app.example/callback?x',
  'plain',
  'token',
  'none',
  'consent',
  'login select_account',
  'query',
  'form_post',
  'docs:feedback docs:read',
  documentClientId,
  // The longest allowed state, and one that is a character longer.
  'x'.repeat(4_096),
  '"\\'.repeat(2_048),
  'x'.repeat(4_097),
]

/** Clients of an attacker. One has a misleading name. */
async function createClients(interstitial: boolean) {
  const { instances, truth } = await createWorld({ secrets: 'same', signingKey: 'made' }, { interstitial })
  const server = instances[0]?.server
  assert(server)
  const some = await Promise.all([
    register(server, { redirect_uris: registrations[0], client_name: '"><script>alert(1)</script>\u202e' }),
    register(server, { redirect_uris: registrations[1], client_name: undefined }),
    register(server, { redirect_uris: registrations[2], scope: 'docs:feedback' }),
  ])
  return { server, truth, ids: [...some, documentClientId] }
}
const servers = new Map<boolean, ReturnType<typeof createClients>>()

function serverWith(interstitial: boolean) {
  const known = servers.get(interstitial) ?? createClients(interstitial)
  servers.set(interstitial, known)
  return known
}

/** How the user arrived, in the headers of the browser. Only a forged `Sec-Fetch-Site` has more than one value. */
const cameFrom = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('none', 'same-origin') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('cross-site', 'same-site', '', 'None', 'none, none', 'none;', 'same-origin, cross-site'),
  },
  { weight: 1, arbitrary: hostileHeader },
  { weight: 1, arbitrary: fc.constant(undefined) },
)

/** Values of `Sec-Fetch-Dest`. Old browsers and programs do not send it. */
const destination = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(undefined, 'document', 'document, document', '') },
  { weight: 1, arbitrary: fc.constantFrom('empty', 'image', 'iframe', 'document, empty', 'DOCUMENT', 'script;') },
)

const request = fc.record({
  client: fc.nat(3),
  redirectUri: fc.constantFrom(...redirectUris, 'https://claude.ai/published'),
  prompt: fc.constantFrom('', '', '', 'consent', 'login consent', 'select_account'),
  what: changes([...Object.keys(good), ...rest], values),
  how: spelling,
  accept: fc.constantFrom('text/html', 'application/json', '*/*'),
  site: cameFrom,
  dest: destination,
})
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

async function send({ client, redirectUri, prompt, what, how, accept, site, dest }: Request, interstitial: boolean) {
  const { server, truth, ids } = await serverWith(interstitial)
  server.log.length = 0
  const id = ids[client] ?? ''
  const pairs = changed(Object.entries({ ...good, client_id: id, redirect_uri: redirectUri, prompt }), what)
  const before = await contentsOf(truth)
  const headers = {
    accept,
    ...defined({ 'sec-fetch-site': site, 'sec-fetch-dest': dest }),
  }
  const answer = await soundAnswer(await server.fetch(`/oauth/authorize?${encoded(pairs, how)}`, { headers }))
  assert.equal(await contentsOf(truth), before)

  const requested = single(pairs, 'redirect_uri')
  const sentId = single(pairs, 'client_id')
  const registered = (typeof sentId === 'string' && registrations[ids.indexOf(sentId)]) || []
  const wanted = requested ?? (registered.length === 1 ? registered[0] : undefined)
  const proven = typeof wanted === 'string' && registered.some((uri) => isSamePlace(uri, wanted)) ? wanted : undefined
  return { server, answer, pairs, proven }
}

export const authorizationParameters = property({
  name: 'the authorization endpoint: only a valid request shows the consent page, and every redirect goes to a registered URI',
  cases: 600,
  values: request,
  async holds(sent) {
    const { server, answer, pairs, proven } = await send(sent, true)
    if (!isNavigation(sent)) return expectNothingAtAll(answer)
    expectNothingElsewhere(answer, proven)
    const asked = answer.text.includes('name="request"')
    assert.equal(asked, answer.status === 200)
    assert.equal(
      asked,
      proven !== undefined && isGood(pairs),
      'the consent page was shown where it should not be, or was missing',
    )
    if (!asked) expectError(answer, pairs, server.issuer)
  },
})

export const withoutInterstitial = property({
  name: 'no consent page: only for a trusted host, and only if no other site started the navigation',
  cases: 600,
  values: request,
  async holds(sent) {
    const { server, answer, pairs, proven } = await send(sent, false)
    if (!isNavigation(sent)) return expectNothingAtAll(answer)
    const mayPass =
      proven !== undefined &&
      isGood(pairs) &&
      /^https:\/\/claude\.ai\//.test(proven) &&
      ['none', 'same-origin'].includes(sent.site ?? '') &&
      !String(single(pairs, 'prompt')).split(' ').includes('consent')
    const location = answer.headers.get('location') ?? ''
    const passed = location.startsWith('https://login.example/authorize?')
    assert.equal(passed, mayPass, 'the consent page is missing where it is required, or shown where it is not')
    if (!passed) {
      expectNothingElsewhere(answer, proven)
      const asked = answer.text.includes('name="request"')
      assert.equal(asked, proven !== undefined && isGood(pairs))
      if (!asked) expectError(answer, pairs, server.issuer)
      return
    }
    // It sets the transaction cookie only, and no cookie of the consent page.
    const state = new URL(location).searchParams.get('state')
    const names = answer.headers.getSetCookie().map((cookie) => cookie.split('=')[0])
    assert.deepEqual(names, [`__Host-tx.${state}`])
    assert(!location.includes('claude.ai') && !location.includes('client+state'), `tells the provider: ${location}`)
  },
})

const isNavigation = ({ dest = '' }: Request) => ['', 'document', 'document, document'].includes(dest)

/** A script or an image never gets a page, whatever the request. */
function expectNothingAtAll({ status, headers, text }: Answer): void {
  assert.deepEqual([status, headers.get('location'), headers.getSetCookie()], [403, null, []])
  assert(!text.includes('name="request"'))
}

function expectNothingElsewhere(answer: Answer, proven: string | undefined): void {
  assertRedirectsOnlyTo(answer, proven === undefined ? [] : [proven])
  const [, link] = /<a class="button [a-z]+" href="([^"]*)"/.exec(answer.text) ?? []
  assert(!link?.startsWith('cursor:'), 'opens an app before the user was asked')
  if (link !== undefined) assert(proven !== undefined && link.startsWith(proven), `a link to ${link}`)
  if (proven === undefined) assert.equal(answer.status, 400)
}

/** Checks the error that a redirect takes back to the client: RFC 6749 §4.1.2.1, RFC 9207. */
function expectError(answer: Answer, pairs: Pairs, issuer: string): void {
  assert.deepEqual(answer.headers.getSetCookie(), [])
  const location = answer.headers.get('location')
  if (location === null) return
  const { searchParams } = new URL(location)
  const state = single(pairs, 'state')
  // A repeated state is an error. Either of its values may come back.
  if (typeof state !== 'object')
    assert.equal(searchParams.get('state') ?? undefined, isAltered(state) ? undefined : state)
  else assert([null, ...valuesOf(pairs, 'state')].includes(searchParams.get('state')))
  assert.equal(searchParams.get('iss'), issuer)
  assert.equal(searchParams.has('code'), false)
  assert(searchParams.get('error'))
}

/** Whether U+FFFD has replaced bytes of the state that were not UTF-8. The server cannot return those unchanged. */
const isAltered = (state = '') => state.includes('\ufffd')

/** RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2 and OpenID Connect Core §3.1.2.1, as a list of conditions. */
function isGood(pairs: Pairs): boolean {
  const is = (name: string, ...allowed: readonly (string | undefined)[]) => {
    const value = single(pairs, name)
    return typeof value !== 'object' && allowed.includes(value)
  }
  const challenge = single(pairs, 'code_challenge')
  const state = single(pairs, 'state')
  const scope = single(pairs, 'scope')
  const prompt = single(pairs, 'prompt')
  return (
    is('response_type', 'code') &&
    is('response_mode', undefined, 'query') &&
    is('code_challenge_method', 'S256') &&
    typeof challenge === 'string' &&
    /^[\w-]{43}$/.test(challenge) &&
    typeof state !== 'object' &&
    [...(state ?? '')].length <= 4_096 &&
    !isAltered(state) &&
    typeof scope !== 'object' &&
    (scope === undefined ||
      scope.split(' ').some((each) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(each)) ||
      /^ +$/.test(scope)) &&
    typeof prompt !== 'object' &&
    !(prompt ?? '').split(' ').includes('none') &&
    ['request', 'request_uri'].every((name) => valuesOf(pairs, name).every((value) => value === '')) &&
    valuesOf(pairs, 'resource').every((value) => value === '' || value === good.resource)
  )
}
