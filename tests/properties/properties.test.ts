import { afterAll, describe, expect, test } from 'vitest'
import { times } from '../../dev/worlds/times.ts'
import { anyRequest } from './any-request.ts'
import { authorizationParameters, withoutInterstitial } from './authorization.ts'
import { authorizationHeaders, goodHeaders, tokenByPublicKey, tokenContents } from './bearer.ts'
import { callbacks } from './callback.ts'
import { cookieHeaders, timeForLongHeaders } from './cookies.ts'
import { documents } from './documents.ts'
import { fetchedBytes, stopHostileServer } from './fetch-untrusted.ts'
import { forms } from './forms.ts'
import { kit, valueKinds } from './kit.ts'
import { absentMembers, wrongMembers } from './mcp/absent-members.ts'
import { acceptHeaders } from './mcp/accept.ts'
import { admission } from './mcp/admission.ts'
import { toolArguments } from './mcp/arguments.ts'
import { oddUpstreams } from './mcp/odd-upstream.ts'
import { retryAfterHeaders, toolSettings } from './mcp/settings.ts'
import { strayHeaders } from './mcp/stray-headers.ts'
import { stopHostileUpstream, upstreamAnswers } from './mcp/upstream-answers.ts'
import { stop } from './mcp-endpoint.ts'
import { messages } from './messages.ts'
import type { Property } from './property.ts'
import { providerRedirects } from './provider-redirect.ts'
import { redirectsOnlyToWhatIsRegistered, registeredUrisMatchThemselves } from './redirect-uris.ts'
import { nothingIsAbsent, registrations } from './registration.ts'
import { allPlaces, expectEachWorksWhereItBelongs, expectRefusal, places, sealedValues } from './sealed-values.ts'
import { stateMachine } from './state-machine.ts'
import { tokenRequests } from './token.ts'
import { stopProvider } from './upstream/place.ts'

afterAll(() => Promise.all([stop(), stopHostileServer(), stopHostileUpstream(), stopProvider()]))

/** Tries the same values every time, unless the environment sets a seed. `npm run fuzz` tries new ones. */
const seed = Number(process.env.FUZZ_SEED ?? 20_261_121)

async function expectToHold(property: Property): Promise<void> {
  const cases = times(Math.ceil(property.cases / 3), property.cases)
  const { failure } = await property.check(seed, Number(process.env.FUZZ_RUNS ?? cases))
  expect(failure).toBeUndefined()
}

test('grants: whatever users, clients, hosts of documents and a failing store do, nothing is issued twice or to another user, and no user is locked out [T-13 T-14 T-20 T-21 O-03 O-05 R-12 M-12]', () =>
  expectToHold(stateMachine))

describe('redirect URIs', () => {
  test('a URI that matches is the registered one, to a browser too [A-05 A-06]', () =>
    expectToHold(redirectsOnlyToWhatIsRegistered))
  test('every URI that can be registered matches itself, and on loopback with any port [A-05]', () =>
    expectToHold(registeredUrisMatchThemselves))
})

test('authorization: only a valid request shows the consent page, and every redirect goes to a registered URI [A-03 A-04 A-11]', () =>
  expectToHold(authorizationParameters))

test('authorization without a consent page: only for a trusted host, and only if no other site started the navigation [C-06 C-07]', () =>
  expectToHold(withoutInterstitial))

test('token requests: a valid request gets tokens, any other gets its error and changes nothing [T-01 T-03 T-05 T-11]', () =>
  expectToHold(tokenRequests))

test('registration: a usable, harmless client or an error of RFC 7591 [R-03 R-04 R-06]', () =>
  expectToHold(registrations))

test('registration: an empty member is the same as an absent one [R-03]', () => expectToHold(nothingIsAbsent))

test('metadata documents: a client as its document describes it, or a refusal; only allowed URLs are fetched [M-02 M-03 M-08]', () =>
  expectToHold(documents))

test('fetching from a hostile server: in time, within the limit of bytes, and with an answer or a refusal [M-04 M-06 A17]', () =>
  expectToHold(fetchedBytes))

describe('the OpenID Provider', () => {
  test('for any answer: a code only for the user that it names and the client that asked [F-02 F-05 F-06 F-08 F-09]', () =>
    expectToHold(callbacks))
  test('for any metadata, a redirect to its sign-in or an error page, and no sign-in is lost [F-01 F-03]', () =>
    expectToHold(providerRedirects))
})

test('consent and confirmation: a form counts only from our own page in the same browser [C-08]', () =>
  expectToHold(forms))

describe('cookies', () => {
  test('a cookie that is sent once is read as sent, and a cookie that is sent twice is not read [C-09]', () =>
    expectToHold(cookieHeaders))
  test('a header of blanks costs less than a second', () => expect(timeForLongHeaders()).toBeLessThan(3_000))
})

test('any request to any path: a well-formed answer, and nothing redirected, issued or written [A-01 T-01]', () =>
  expectToHold(anyRequest))

describe('each kind of value is accepted only in its own place [T-28 O-09]', () => {
  test('accepted in its own place', expectEachWorksWhereItBelongs)

  test.each(allPlaces)('%s', async (place) => {
    for (const kind of valueKinds) {
      if (kind !== places[place]) await expectRefusal(place, (await kit()).values[kind])
    }
  })

  test('refused in its own place if damaged', () => expectToHold(sealedValues))
})

describe('the MCP endpoint', () => {
  test('challenges every Authorization header that is not exactly one valid Bearer token [S-01 S-02 S-03 S-04]', () =>
    expectToHold(authorizationHeaders))
  test('accepts one valid Bearer token, in any spelling of the scheme [S-01]', () => expectToHold(goodHeaders))
  test('accepts a token only if every claim is right [S-07]', () => expectToHold(tokenContents))
  test('does not accept its public key as an HMAC secret [S-07]', async () =>
    expect((await tokenByPublicKey()).status).toBe(401))
  test('answers every message of a signed-in client, and tells the answer service about no other user [S-14]', () =>
    expectToHold(messages))
  test('answers in the form that the client prefers of those it accepts [S-12]', () => expectToHold(acceptHeaders))
  test('treats null, and an empty list in place of an object, as absent [N23]', () => expectToHold(absentMembers))
  test('blames an invalid message on the client, never on the server', () => expectToHold(wrongMembers))
  test('ignores extra headers of proxies and clients', () => expectToHold(strayHeaders))
  test('runs a tool only for a caller that may call it, once for each request, and counts it [S-05 S-20]', () =>
    expectToHold(admission))
})

describe('tools', () => {
  test('for any arguments: a result or a failure, and only allowed requests to the upstream', () =>
    expectToHold(toolArguments))
  test('for any answer of an upstream: a result or a failure in time, nothing of the answer leaks, and the next call works [S-08]', () =>
    expectToHold(upstreamAnswers))
  test('the answer arrives despite pings, invalid JSON, odd items and lost sessions', () => expectToHold(oddUpstreams))
  test('any Retry-After of an upstream becomes at most a day in seconds, or nothing', () =>
    expectToHold(retryAfterHeaders))
  test('every setting is usable or reported as a problem, and no problem repeats its value', () =>
    expectToHold(toolSettings))
})
