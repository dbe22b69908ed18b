import assert from 'node:assert/strict'
import fc from 'fast-check'
import { subjectOf } from '../../lib/oauth/grants/record.ts'
import { hostileText } from './hostile.ts'
import { type Answer, contentsOf, soundAnswer } from './invariants.ts'
import { changed, changes, encoded, type Pairs, spelling, valuesOf } from './parameters.ts'
import { property } from './property.ts'
import type { Server } from './server.ts'
import { goodIdToken, type IdToken, type IdTokenOddity, idTokenOddity, idTokenOf } from './upstream/id-token.ts'
import { clientState, type Place, place, redirectUris, type Waiting } from './upstream/place.ts'
import { type Endpoint, endpoints, goodReplies, type Provider, type Replies } from './upstream/provider.ts'
import { discoveryReply, jwksReply, type Reply, textOf, theirWords, tokenReply } from './upstream/reply.ts'

const names = ['state', 'code', 'iss', 'error', 'error_description', 'error_uri', 'response', 'id_token', 'token']
const values = [
  'access_denied',
  'login_required',
  'interaction_required',
  'temporarily_unavailable',
  'server_error',
  `${theirWords}"><script>alert(1)</script>`,
  `https://evil.example/${theirWords}`,
  'the issuer',
  'eyJhbGciOiJub25lIn0.e30.',
]

export const replying = (reply: fc.Arbitrary<Reply>) =>
  fc.record({
    reply,
    once: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })

interface Case {
  readonly sign: number
  readonly answer: Pairs
  readonly what: Parameters<typeof changed>[1]
  readonly how: Parameters<typeof encoded>[1]
  readonly replies: Replies
  readonly idToken: IdTokenOddity
  readonly accept: string
}

const usual = { answer: [['code', 'upstream-code']], what: [], replies: goodReplies, idToken: goodIdToken } as const

/** At most two of these at once, because one fault would hide another. */
const odd = fc.record({
  answer: fc
    .tuple(fc.constantFrom(...values), fc.oneof(fc.constantFrom(...values), hostileText))
    .map(([error, words]) => [['error', error] as const, ['error_description', theirWords + words] as const]),
  what: changes(names, values),
  replies: fc.record({ discovery: replying(discoveryReply), jwks: replying(jwksReply), token: replying(tokenReply) }),
  idToken: idTokenOddity,
})

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    sign: fc.nat(redirectUris.length - 1),
    how: spelling,
    accept: fc.constantFrom('text/html', 'application/json'),
    odd,
    which: fc.subarray(['answer', 'what', 'replies', 'idToken'] as const, { maxLength: 2 }),
  })
  .map(({ odd, which, ...rest }) => {
    const chosen = Object.fromEntries(which.map((name) => [name, odd[name]]))
    return { ...usual, ...chosen, ...rest }
  })

const errors = [
  'access_denied',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'temporarily_unavailable',
  'server_error',
]

export const callbacks = property({
  name: 'the callback: for any answer of the OpenID Provider, a code only for the user that it names and the client that asked',
  cases: 300,
  values: anyCase,
  async holds({ sign, answer: sent, what, how, replies, idToken: oddity, accept }) {
    const { provider, server, waiting, codes, forget } = await place()
    forget()
    const mine = waiting[sign]
    assert(mine)
    const idToken = idTokenOf(oddity, goodClaims(provider, mine), provider.keys)
    Object.assign(provider, { replies, idToken: idToken.text })
    provider.asked.length = 0
    server.log.length = 0
    const before = await contentsOf(server.store)
    const known = (value: string) => (value === 'the issuer' ? provider.issuer : value)
    const pairs = changed([['state', mine.state], ...sent], what).map(([name, value]) => [name, known(value)] as const)
    const headers = { cookie: mine.cookie, accept }
    const load = async (held: object) =>
      soundAnswer(
        await server.fetch(`/mcp/callback?${encoded(pairs, how)}`, { headers: { ...headers, ...held } }),
        true,
      )
    const answer = await load({})

    assert.equal(await contentsOf(server.store), before)
    expectNothingOfTheirs(answer, server)
    if (!isOnly(pairs, 'state', mine.state)) {
      // Not a sign-in of this browser: the provider is not asked, and nothing ends.
      assert([400, 403].includes(answer.status), `${answer.status}`)
      assert.deepEqual([answer.headers.get('location'), answer.headers.getSetCookie(), provider.asked], [null, [], []])
      return
    }
    const outcome = outcomeOf(answer, mine, provider)
    const situation = { pairs, replies, idToken, issuer: provider.issuer }
    const expected = mustBe(situation)
    assert(
      [undefined, outcome.kind].includes(expected),
      `${outcome.kind} instead of ${expected}: ${JSON.stringify(server.log)}`,
    )
    switch (outcome.kind) {
      case 'unavailable':
        assert(somethingIsWrong(replies), 'an error although the provider answered well')
        // The user can try again with the same sign-in.
        return assert.deepEqual(answer.headers.getSetCookie(), [])
      case 'again':
        return assert(somethingIsWrong(replies), 'an error although the provider answered well')
      case 'error':
        assert(errors.includes(outcome.error), outcome.error)
        return assert(!mustPass(situation), `refused: ${outcome.error} ${JSON.stringify(server.log)}`)
      case 'confirmation':
        assert(mayPass(situation), 'accepts a user whom the provider did not identify')
        assert.equal(mine.redirectUri, redirectUris[1])
        return expectTheSamePage(answer, await load(heldAfter(answer)))
      case 'code': {
        assert(mayPass(situation), 'accepts a user whom the provider did not identify')
        const code = codes.open(outcome.code)
        assert(code, 'the code cannot be opened')
        expectIdentity(code, idToken, provider.issuer)
        assert(outcome.code.length <= 2_048, `a code of ${outcome.code.length} bytes`)
        return expectFinished(outcome.code, await load(heldAfter(answer)), provider)
      }
    }
  },
})

/** The sign-in cookie that the browser holds after this answer. */
const heldAfter = ({ headers }: Answer) => ({ cookie: headers.getSetCookie()[0]?.split(';')[0] ?? '' })

/** A reload shows the question again. The provider is not asked, and no cookie is set. */
function expectTheSamePage(first: Answer, second: Answer): void {
  assert.deepEqual([second.status, second.text, second.headers.getSetCookie()], [200, first.text, []])
}

/** A reload after the answer shows a link back to the client, with the same code. */
function expectFinished(code: string, again: Answer, { asked }: Provider): void {
  assert.deepEqual([again.status, again.headers.get('location'), again.headers.getSetCookie()], [200, null, []])
  assert(linkOf(again)?.includes(`code=${code}&`), 'another code')
  assert(asked.filter((endpoint) => endpoint === 'token').length <= 2, 'the provider was asked again')
}

const goodClaims = ({ issuer }: Provider, { nonce }: Waiting) => {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: 'us', sub: 'ada', nonce, iat: now, exp: now + 60, email: 'ada@example.com' }
}

export function expectNothingOfTheirs(answer: Answer, { log }: Server): void {
  const said = [answer.text, ...[...answer.headers].map(([, value]) => value), JSON.stringify(log)].join('\n')
  for (const word of [theirWords, 'upstream-code', 'eyJhbGciOiJub25lIn0']) {
    assert(!said.includes(word), `repeats the provider's words: ${said}`)
  }
  assert(!/(?!\n)[\p{Cc}\p{Cf}]/u.test(answer.text), 'shows invisible characters')
  for (const cookie of answer.headers.getSetCookie()) {
    // RFC 6265bis §5.5: browsers drop longer cookies.
    assert((cookie.split(';')[0] ?? '').length <= 4_096, 'a cookie longer than browsers keep')
  }
}

type Outcome =
  | { readonly kind: 'unavailable' }
  /** The browser is sent to the provider once more. */
  | { readonly kind: 'again' }
  | { readonly kind: 'confirmation' }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'code'; readonly code: string }

const linkOf = ({ text }: Answer) => /<a class="button [a-z]+" href="([^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')

/** Reads the outcome: an answer at the client's redirect URI, another redirect to the provider, or a page. */
function outcomeOf(answer: Answer, { redirectUri, state }: Waiting, { issuer }: Provider): Outcome {
  if (answer.status === 503) return { kind: 'unavailable' }
  const cookies = answer.headers.getSetCookie()
  const location = answer.headers.get('location') ?? linkOf(answer)
  if (location === undefined) {
    assert(answer.status === 200 && answer.text.includes('name="state"'), `${answer.status} ${answer.text}`)
    assert.equal(cookies.length, 1)
    return { kind: 'confirmation' }
  }
  const url = new URL(location)
  if (url.searchParams.has('code_challenge')) {
    assert(location.startsWith(`${issuer}authorize?`) && answer.status === 303, location)
    const next = url.searchParams.get('state') ?? ''
    assert.notEqual(next, state)
    assert(
      cookies[0]?.startsWith(`__Host-tx.${next}=e`) && cookies[1]?.startsWith(`__Host-tx.${state}=;`),
      `${cookies}`,
    )
    return { kind: 'again' }
  }
  assert(location.startsWith(redirectUri + (redirectUri.includes('?') ? '&' : '?')), `answers at ${location}`)
  const parameters = new URLSearchParams(location.slice(redirectUri.length + 1))
  assert.deepEqual([parameters.getAll('state'), parameters.getAll('iss')], [[clientState], ['https://docs.example']])
  assert(
    cookies.length === 1 && cookies[0]?.startsWith(`__Host-tx.${state}=`),
    'changes another cookie than that of this sign-in',
  )
  const [code, error] = [parameters.get('code'), parameters.get('error')]
  assert((code === null) !== (error === null), location)
  assert(
    (error !== null) === cookies[0]?.startsWith(`__Host-tx.${state}=;`),
    'the cookie of the sign-in must end after an error, and only then',
  )
  return code === null ? { kind: 'error', error: error ?? '' } : { kind: 'code', code }
}

interface Situation {
  readonly pairs: Pairs
  readonly replies: Replies
  readonly idToken: IdToken
  readonly issuer: string
}

/** All parts are valid: the client must get a code. */
const mustPass = ({ pairs, replies, idToken, issuer }: Situation) =>
  isGoodQuery(pairs, issuer) && idToken.isValid && idToken.isIntact && endpoints.every((each) => heals(replies[each]))

/** No part rules a code out: the client may get one. */
const mayPass = ({ pairs, replies, idToken, issuer }: Situation) =>
  isGoodQuery(pairs, issuer) &&
  (idToken.isValid || replies.token.reply.kind === 'members') &&
  endpoints.every((each) => heals(replies[each]) || isAboutRight(replies[each].reply, each))

/** RFC 6749 §4.1.2, RFC 9207 §2.4. */
function isGoodQuery(pairs: Pairs, issuer: string): boolean {
  const all = (name: string) => valuesOf(pairs, name)
  const [iss = '', ...more] = all('iss')
  return (
    all('code').length === 1 &&
    all('code')[0] !== '' &&
    ['', issuer].includes(iss) &&
    more.length === 0 &&
    ['error', 'response'].every((name) => all(name).length < 2 && all(name).every((value) => value === '')) &&
    ['id_token', 'token'].every((name) => all(name).length === 0)
  )
}

const isOnly = (pairs: Pairs, name: string, value: string) => {
  const found = valuesOf(pairs, name)
  return found.length === 1 && found[0] === value
}

/** The server repeats a request that got this reply. */
const isRepeated = (reply: Reply) =>
  reply.kind === 'drop' ||
  reply.kind === 'cut' ||
  (reply.kind === 'text' && (reply.status === 429 || reply.status >= 500 || (hasBody(reply) && isFlood(reply))))

/** The first or the second attempt gets a good reply. */
const heals = ({ reply, once }: Replies[Endpoint]) =>
  reply.kind === 'good' ||
  (reply.kind === 'members' && Object.keys(reply.members).length === 0) ||
  (once && isRepeated(reply))

const isAboutRight = (reply: Reply, endpoint: Endpoint) =>
  (reply.kind === 'members' && !(endpoint === 'discovery' && 'issuer' in reply.members)) ||
  (endpoint === 'token' && reply.kind === 'text' && objectIn(reply) !== undefined)

const somethingIsWrong = (replies: Replies) => endpoints.some((each) => !heals(replies[each]))

/** Whether the reply is longer than the server reads. */
const isFlood = (reply: Extract<Reply, { kind: 'text' }>) => textOf(reply).length > 512 * 1024

/** Responses with status 204 or 205 have no body, even if the provider sends one. */
const hasBody = ({ status }: Extract<Reply, { kind: 'text' }>) => status === 200 || status === 201

/** The reply is a JSON document of the provider, right or wrong. Any other reply counts as no answer. */
const isDocument = (reply: Reply) =>
  reply.kind === 'good' || reply.kind === 'members' || (reply.kind === 'text' && hasBody(reply) && objectIn(reply))

function objectIn(reply: Extract<Reply, { kind: 'text' }>): Record<string, unknown> | undefined {
  if (isFlood(reply)) return undefined
  try {
    const value = JSON.parse(textOf(reply))
    return typeof value === 'object' && !Array.isArray(value) ? (value ?? undefined) : undefined
  } catch {
    return undefined
  }
}

/**
 * The outcome that these replies require; `undefined`: several are allowed. A temporary error, or one before the
 * provider's code is used, gives `unavailable`. If the code is spent without an ID token, the outcome is `again`.
 */
function mustBe({ pairs, replies, issuer }: Situation): Outcome['kind'] | undefined {
  const { discovery, jwks, token } = replies
  if (!heals(discovery)) return isDocument(discovery.reply) ? undefined : 'unavailable'
  if (!isGoodQuery(pairs, issuer)) return undefined
  if (!heals(jwks)) return isDocument(jwks.reply) ? undefined : 'unavailable'
  return heals(token) ? undefined : aboutTheCode(token.reply)
}

/** The required outcome after this reply of the token endpoint, which decides whether the provider's code is spent. */
function aboutTheCode(reply: Reply): 'unavailable' | 'again' | undefined {
  if (reply.kind === 'drop' || reply.kind === 'cut') return 'again'
  if (reply.kind === 'redirect') return 'unavailable'
  if (reply.kind !== 'text') return undefined
  const { status, text, type } = reply
  if (hasBody(reply) && isFlood(reply)) return 'again'
  if (status === 408 || status === 425 || status === 429 || status >= 500) return 'unavailable'
  const error = objectIn(reply)?.error
  if (typeof error === 'string' && error !== '') return undefined
  if (status === 401) return undefined
  if (status < 200 || status >= 300) return 'unavailable'
  if (!hasBody(reply)) return /html/.test(type) ? 'unavailable' : 'again'
  if (objectIn(reply)) return undefined
  return /html/.test(type) || /^\s*</.test(text) ? 'unavailable' : 'again'
}

/** Checks that the code names the user of the ID token, without malformed claims. */
function expectIdentity(
  code: NonNullable<ReturnType<Place['codes']['open']>>,
  { claims }: IdToken,
  issuer: string,
): void {
  const { sub, email, email_verified } = claims
  assert.equal(code.grant.split('/')[2], subjectOf(issuer, String(sub)))
  assert([undefined, email].includes(code.person.email), `${code.person.email}`)
  const { person } = code
  assert(
    !/\p{C}/u.test([person.email, person.organizationId, person.organizationName].join('')),
    'the code contains invisible characters',
  )
  if (email === 'ada@example.com') assert.equal(code.person.email, email)
  const verified = new Map<unknown, boolean>([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
  ]).get(email_verified)
  assert.equal(code.person.emailVerified, verified)
}
